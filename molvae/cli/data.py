"""`molvae data list | prepare | merge`: named data sets, and molecule files as token shards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.dry_run import dry_run_option, look_at, look_at_source
from molvae.cli.options import (
    check_table_file,
    debug_option,
    folder_option,
    json_option,
    settings_option,
    workers_option,
)
from molvae.cli.output import progress, say, show
from molvae.cli.reading import STANDARD_STREAM, reading_options
from molvae.cli.settings_file import overruled, read_tables
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.datasets import TokenShard
    from molvae.datasets.readers import Source


@click.group(short_help="List named data sets; prepare molecules for training.")
def data() -> None:
    """List named data sets, and turn them or molecule files into token shards.

    \b
    Examples:
      molvae data list
      molvae data prepare wehi10k
    """


@data.command("list", short_help="List the named data sets.")
@json_option
@debug_option
def list_sets(as_json: bool) -> None:
    """List the named data sets; those that are not here are downloaded when they are prepared.

    \b
    Example:
      molvae data list --json
    """
    from molvae.datasets import list_datasets

    rows = [[each.name, each.molecules, each.is_available, each.licence, each.description] for each in list_datasets()]
    write_table(["name", "molecules", "here", "licence", "description"], rows, STANDARD_STREAM, as_json=as_json)


@data.command(short_help="Turn molecules into a token shard, ready for training.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@folder_option("Folder of the shard.  [default: runs/NAME]", required=False)
@click.option("--split", help="Of a named data set, such as test.  [default: its first]")
@click.option("--from", "file", type=click.Path(path_type=Path), help="Your own copy of a named data set's file.")
@click.option("--exclude", multiple=True, metavar="SOURCE", help="Leave out the molecules of this file or data set.")
@click.option(
    "--rejected", type=click.Path(path_type=Path), callback=check_table_file,
    help="Write the refused rows, with reasons, to this table.",
)  # fmt: skip
@click.option("--largest-fragment", is_flag=True, default=None, help="Keep the largest fragment of a mixture.")
@click.option("--neutralize", is_flag=True, default=None, help="Remove charges where that is possible.")
@click.option("--no-stereo", "keep_stereo", flag_value=False, default=None, help="Remove stereo.")
@click.option("--no-isotopes", "keep_isotopes", flag_value=False, default=None, help="Remove isotope labels.")
@click.option("--max-atoms", type=int, help="Refuse molecules with more heavy atoms.")
@settings_option("[standardization]")
@click.option("--overwrite", is_flag=True, help="Replace a shard of other files or settings.")
@dry_run_option
@reading_options
@workers_option
@json_option
@debug_option
def prepare(
    sources: tuple[str, ...], output: Path | None, split: str | None, file: Path | None, exclude: tuple[str, ...],
    rejected: Path | None, settings: Path | None, overwrite: bool, dry_run: bool, workers: int | None, as_json: bool,
    **given: Any,
) -> None:  # fmt: skip
    """Turn SOURCE, molecule files or a named data set, into a token shard: canonical, without duplicates.

    \b
    Examples:
      molvae data prepare moses -o runs/moses
      molvae data prepare library.csv -o runs/library --smiles-column SMILES --rejected refused.csv
      molvae data prepare zinc250k --from 250k_rndm_zinc_drugs_clean_3.csv

    Run again after a kill, it goes on where it stopped; run again after that, it only opens the shard.
    """
    from molvae import datasets
    from molvae.chem.settings import Standardization

    reading = {name: given.pop(name) for name in datasets.Source.__slots__ if name in given}
    table = read_tables(settings, known=("standardization",)).get("standardization", {})
    standardization = overruled(Standardization, table, given, where="standardization")
    output = output if output is not None else _default_folder(sources[0], split)
    if dry_run:
        for source in sources:
            if Path(source).is_file():
                found = look_at(Path(source), reading, standardization=standardization)
            else:
                found = look_at_source(source, standardization=standardization)
            show({**found, "output": str(output)}, as_json=as_json)
        return
    with progress("Preparing", unit="molecules") as advance:
        shard = datasets.prepare(
            [_source(source, reading, split=split, file=file) for source in sources],
            output,
            standardization=standardization,
            exclude=[_source(source, reading) for source in exclude],
            rejected=rejected,
            workers=workers,
            overwrite=overwrite,
            progress=advance,
        )
    _tell(shard, as_json=as_json)


@data.command(short_help="Put several token shards into one.")
@click.argument("shards", nargs=-1, required=True, type=click.Path(path_type=Path))
@folder_option("Folder of the new shard.")
@json_option
@debug_option
def merge(shards: tuple[Path, ...], output: Path, as_json: bool) -> None:
    """Put the token shards SHARDS into one; a molecule stays where it is found first.

    \b
    Example:
      molvae data merge runs/moses runs/zinc250k runs/mine -o runs/all
    """
    from molvae import datasets

    _tell(datasets.merge_shards([datasets.TokenShard.open(shard) for shard in shards], output), as_json=as_json)


def open_or_prepare(source: str, folder: Path, *, workers: int | None, model: Path | None = None) -> TokenShard:
    """Return the shard in the folder `source`, or prepare one in `folder` from the file or data set `source`.

    With a `model`, molecules are standardized and encoded as it was trained.
    """
    from molvae import datasets

    if Path(source).is_dir():
        return datasets.TokenShard.open(source)
    settings: dict[str, Any] = {}
    if model is not None:
        from molvae.model.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(model)
        settings = {"standardization": checkpoint.standardization, "constraints": checkpoint.constraints}
    with progress("Preparing", unit="molecules") as advance:
        shard = datasets.prepare(_source(source, {}), folder, workers=workers, progress=advance, **settings)
    say(shard.report.summary())
    return shard


def _source(source: str, reading: dict[str, Any], *, split: str | None = None, file: Path | None = None) -> Source:
    from molvae import datasets

    is_file = Path(source).is_file() or Path(source).suffix != ""
    if split is None and file is None and is_file:
        return datasets.Source(Path(source), **reading)
    return datasets.dataset(source).source(split, file=file)


def _default_folder(source: str, split: str | None) -> Path:
    name = Path(source).name.removesuffix(".gz")
    return Path("runs", Path(name).stem + (f"-{split}" if split else ""))


def _tell(shard: TokenShard, *, as_json: bool) -> None:
    show(
        {
            "shard": str(shard.path),
            "molecules": len(shard),
            "symbols_per_molecule": len(shard.tokens) / len(shard),
            "vocabulary": len(shard.vocabulary),
            "rows": shard.report.as_json() if as_json else shard.report.summary(),
        },
        as_json=as_json,
    )
