"""`molvae evaluate reconstruction | generation | latent`: what a model can do, by the field's own protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.options import computing_options, load_space, model_option, seed_option
from molvae.cli.output import progress, show

if TYPE_CHECKING:
    from molvae.evaluate.measure import Measure


@click.group(short_help="Measure a model, or generated molecules, by the field's protocols.")
def evaluate() -> None:
    """Measure what a model can do; every figure comes with the number of molecules that it was measured on.

    \b
    Examples:
      molvae evaluate generation --reference moses --n 30000 --seed 0
    """


@evaluate.command(short_help="Compare generated molecules with a reference set.")
@click.option("--reference", default="moses", show_default=True, metavar="NAME|FILE", help="What to compare with.")
@click.option("--train", metavar="NAME|FILE", help="What the model knows.  [default: what belongs to the reference]")
@click.option("--samples", type=click.Path(path_type=Path), help="Evaluate the molecules of this file.")
@model_option
@click.option("-n", "--n", "count", type=click.IntRange(1), default=30_000, show_default=True, help="How many to draw.")
@click.option("--prior", help="Name of a prior of the model, such as normal.  [default: the model's own]")
@seed_option
@computing_options
def generation(
    reference: str, train: str | None, samples: Path | None, model: Path | None, count: int, prior: str | None,
    seed: int, as_json: bool, device: str, threads: int | None, workers: int | None,
) -> int:  # fmt: skip
    """Draw molecules, or read those of --samples, and compare them with a reference set.

    \b
    Examples:
      molvae evaluate generation --reference moses --prior normal --n 30000 --seed 0 --json
      molvae evaluate generation --samples new.smi --reference moses
    """
    from molvae.datasets import read_rows
    from molvae.evaluate import evaluate_generation, load_reference

    computing = {"device": _torch_device(device), "threads": threads, "workers": workers}
    header: dict[str, object]
    if samples is not None:
        molecules: list[str | None] = [row.smiles for row in read_rows(samples)]
        header = {"samples": str(samples)}
    else:
        space = load_space(model, device, threads, workers)
        molecules = list(space.sample(count, seed=seed, prior=prior))
        header = {"model": space.checkpoint.weights_sha256, "prior": prior or space.priors[0], "seed": seed}
    with _stage("Reference", 0) as advance:
        against = load_reference(reference, train=train, progress=advance, **computing)
    report = evaluate_generation(molecules, against, seed=seed, stage=_stage, **computing)
    _tell(header | {"n": report.n, "reference": report.reference}, report.groups, as_json=as_json)
    return 0


def _tell(header: Mapping[str, object], groups: Mapping[str, Sequence[Measure]], *, as_json: bool) -> None:
    """Print figures with their denominators: one JSON object, or a table under a few lines about the run."""
    if as_json:
        show(
            {**header, **{name: {each.name: each.as_json() for each in group} for name, group in groups.items()}},
            as_json=True,
        )
        return
    show(header, as_json=False)
    measures = [each for group in groups.values() for each in group]
    width = max(len(each.name) for each in measures)
    for name, group in groups.items():
        click.echo(f"\n{name}")
        for each in group:
            value = f"{each.value:.4f}" if abs(each.value) < 1_000 else f"{each.value:.4g}"
            click.echo(f"  {each.name:<{width}}  {value:>9}  of {each.of:>9,}  {each.note}".rstrip())


def _stage(name: str, length: int) -> AbstractContextManager[Callable[[int], None]]:
    return progress(name, unit="molecules", total=length or None)


def _torch_device(device: str) -> Any:
    from molvae.latent.network import resolve_device

    return resolve_device(device)
