"""`molvae info`: what a model folder or a token shard holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from molvae.cli.options import debug_option, json_option
from molvae.cli.output import show


@click.command(short_help="Show what a model folder or a token shard holds.")
@click.argument("folder", type=click.Path(path_type=Path), required=False, envvar="MOLVAE_MODEL")
@json_option
@debug_option
def info(folder: Path | None, as_json: bool) -> None:
    """Show what FOLDER holds: a model (default: the one that comes with molvae) or a token shard.

    \b
    Examples:
      molvae info runs/mine
      molvae info runs/moses --json
    """
    if folder is not None and (folder / "shard.json").is_file():
        show(_about_shard(folder, as_json=as_json), as_json=as_json)
    else:
        show(_about_model(folder, as_json=as_json), as_json=as_json)


def _about_shard(folder: Path, *, as_json: bool) -> dict[str, object]:
    from molvae.datasets import TokenShard

    shard = TokenShard.open(folder)
    sources = shard.manifest["sources"]
    return {
        "kind": "token shard",
        "folder": str(folder),
        "molecules": len(shard),
        "tokens": len(shard.tokens),
        "longest": int(shard.lengths.max()),
        "vocabulary": len(shard.vocabulary),
        "rows": shard.report.as_json() if as_json else shard.report.summary(),
        "sources": sources if as_json else ", ".join(source["name"] for source in sources),
        "data_hash": shard.data_hash,
    }


def _about_model(folder: Path | None, *, as_json: bool) -> dict[str, object]:
    import molvae

    checkpoint = molvae.load(folder).checkpoint
    return {
        "kind": "model",
        "folder": "the model that comes with molvae" if folder is None else str(folder),
        "parameters": sum(parameter.numel() for parameter in checkpoint.vae.parameters()),
        "latent_dim": checkpoint.vae.latent_dim,
        "vocabulary": len(checkpoint.vocabulary),
        "priors": list(checkpoint.priors) if as_json else ", ".join(checkpoint.priors),
        "default_prior": checkpoint.default_prior,
        **(checkpoint.metadata if as_json else _in_short(checkpoint.metadata)),
    }


def _in_short(metadata: Mapping[str, object]) -> dict[str, object]:
    """Return what a person wants to know of the metadata: single values, without settings and hashes."""
    card = metadata.get("card", {})
    fields = _flat(card) if isinstance(card, Mapping) else {}
    for group, table in metadata.items():
        if group != "card" and isinstance(table, Mapping):
            for name, value in table.items():
                if isinstance(value, int | float | str) and value != "" and not name.endswith("hash"):
                    fields[f"{group}.{name}"] = value
    return fields


def _flat(card: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return the entries of a model card on one level, names joined by dots and lists by semicolons."""
    fields: dict[str, object] = {}
    for name, value in card.items():
        if isinstance(value, Mapping):
            fields |= _flat(value, f"{prefix}{name}.")
        else:
            fields[prefix + name] = "; ".join(map(str, value)) if isinstance(value, list) else value
    return fields
