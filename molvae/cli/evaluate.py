"""`molvae evaluate reconstruction | generation | latent`: what a model can do, by the field's own protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from molvae.cli.options import computing_options, load_space, model_option, seed_option, select_option
from molvae.cli.output import printable, progress, say, show
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.evaluate import ReconstructionReport
    from molvae.evaluate.measure import Measure
    from molvae.evaluate.resources import Resources
    from molvae.latent.space import LatentSpace

Groups = Mapping[str, "Sequence[Measure]"]


@click.group(short_help="Measure a model, or generated molecules, by the field's protocols.")
def evaluate() -> None:
    """Measure what a model can do; every figure comes with the number of molecules that it was measured on.

    \b
    Examples:
      molvae evaluate reconstruction --data moses-test --n 10000
      molvae evaluate generation --reference moses --n 30000 --seed 0
      molvae evaluate latent
    """


def _check_png(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix.lower() != ".png":
        raise click.BadParameter(f"{value} must end in .png", ctx, parameter)
    return value


picture_option = click.option(
    "--picture", type=click.Path(path_type=Path), callback=_check_png, help="Also draw the figures into this PNG file."
)
prior_option = click.option("--prior", help="Name of a prior of the model, such as normal.  [default: the model's own]")


@evaluate.command(short_help="How exactly a model gives molecules back.")
@click.option(
    "--data", "sources", multiple=True, default=["moses-test"], show_default=True, metavar="NAME|FILE",
    help="Molecules: moses-test, moses-test-scaffolds, another data set, or a file; may be given several times.",
)  # fmt: skip
@click.option("-n", "--n", "count", type=click.IntRange(1), help="Draw this many of each.  [default: all]")
@click.option(
    "--refine/--no-refine", default=None,
    help="Measure only from refined points, or only from the posterior mean.  [default: both]",
)  # fmt: skip
@model_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write every row, also refused ones, to a table.")
@picture_option
@seed_option
@computing_options
def reconstruction(
    sources: tuple[str, ...], count: int | None, refine: bool | None, model: Path | None, output: Path | None,
    picture: Path | None, seed: int, as_json: bool, device: str, threads: int | None, workers: int | None,
) -> int:  # fmt: skip
    """Send molecules through the latent space and back, decoding greedily.

    Figures are from refined points, as `encode --refine` gives them, and beside them from the posterior mean; the
    table of rows and the picture are of the first.

    \b
    Examples:
      molvae evaluate reconstruction --data moses-test --n 10000 --json
      molvae evaluate reconstruction --data mine.smi --data other.csv -o rows.csv
    """
    from molvae.evaluate import draw, evaluate_reconstruction, joined, read_source

    space = load_space(model, device, threads, workers)
    drawn = {}
    for source in sources:
        rows = read_source(source)
        drawn[source] = rows if count is None else draw(rows, count, seed=seed)
    reports: list[ReconstructionReport] = []
    groups: dict[str, list[Measure]] = {}
    for refined in (True, False) if refine is None else (refine,):
        parts = []
        for source, rows in drawn.items():
            with _stage(f"Reconstructing {Path(source).name}", len(rows)) as advance:
                parts.append(
                    evaluate_reconstruction(
                        space, rows, source=source, refine=refined, workers=workers, progress=advance
                    )
                )
        reports.append(joined(parts))
        how = "" if not reports[1:] else ", from the posterior mean"
        groups |= {f"{source}{how}": reports[-1].measures(source) for source in drawn}
    report = reports[0]
    refusals = {source: report.refusals(source) for source in sources}
    header = {"seed": seed, "n": len(report.rows), "refined": refine is not False, "refusals": refusals}
    tell(_about(space) | header, groups, as_json=as_json)
    if output is not None:
        columns = list(report.rows[0].__slots__)
        write_table(columns, ([getattr(row, name) for name in columns] for row in report.rows), output, as_json=False)
    if picture is not None:
        from molvae.plots.evaluation import draw_reconstruction

        draw_reconstruction(report, picture)
        say(f"drawn into {picture}")
    return 0 if any(not row.status or row.status == "ok" for row in report.rows) else 1


@evaluate.command(short_help="Compare generated molecules with a reference set.")
@click.option("--reference", default="moses", show_default=True, metavar="NAME|FILE", help="What to compare with.")
@click.option("--train", metavar="NAME|FILE", help="What the model knows.  [default: what belongs to the reference]")
@click.option("--samples", type=click.Path(path_type=Path), help="Evaluate the molecules of this file, not a model's.")
@model_option
@click.option("-n", "--n", "count", type=click.IntRange(1), default=30_000, show_default=True, help="How many to draw.")
@prior_option
@click.option(
    "--temperature", type=click.FloatRange(0), help="0 takes the likeliest symbol.  [default: that of the prior]"
)
@select_option
@click.option(
    "--only", "groups", multiple=True, type=click.Choice(["moses", "guacamol", "coverage", "weights"]),
    help="Measure this group of figures only; may be given several times.  [default: all]",
)  # fmt: skip
@picture_option
@seed_option
@computing_options
def generation(
    reference: str, train: str | None, samples: Path | None, model: Path | None, count: int, prior: str | None,
    temperature: float | None, select: bool, groups: tuple[str, ...], picture: Path | None, seed: int, as_json: bool,
    device: str, threads: int | None, workers: int | None,
) -> int:  # fmt: skip
    """Draw molecules, or read those of --samples, and measure them by MOSES, GuacaMol and beyond.

    The reference's statistics, and those of as many real molecules, are measured once and kept.

    \b
    Examples:
      molvae evaluate generation --reference moses --prior normal --n 30000 --seed 0 --json
      molvae evaluate generation --samples new.smi --reference moses
      molvae evaluate generation --reference mine.smi --picture mine.png
    """
    from molvae.datasets import read_rows
    from molvae.evaluate import evaluate_generation, load_reference
    from molvae.evaluate.generation import GROUPS
    from molvae.model.null_latent import NullLatent

    resources = _resources(device, threads, workers)
    space: LatentSpace | None = None
    molecules: list[str | None] = []
    if samples is not None:
        molecules += [row.smiles for row in read_rows(samples)]
        header: dict[str, object] = {"samples": str(samples), "seed": seed}
    else:
        space = load_space(model, device, threads, workers)
        chosen = space.prior(prior)  # a name that is not there is refused before anything is computed
        temperature = chosen.temperature if temperature is None else temperature
        header = _about(space) | {"prior": prior or space.priors[0], "temperature": temperature, "seed": seed}
        if isinstance(chosen, NullLatent):
            header["selected"] = select and chosen.selection is not None
    against = load_reference(reference, train=train, resources=resources)
    if space is not None:
        molecules += space.sample(count, seed=seed, prior=prior, temperature=temperature, select=select)
    report = evaluate_generation(
        molecules, against, space=space, groups=groups or GROUPS, seed=seed, resources=resources
    )
    tell(header | {"reference": report.reference, "n": report.n}, report.groups, as_json=as_json)
    if picture is not None:
        from molvae.plots.evaluation import draw_generation

        draw_generation(report, against, picture, space=space, seed=seed)
        say(f"drawn into {picture}")
    return 0


@evaluate.command(short_help="How smooth, stable and full a latent space is.")
@click.option("--data", default="wehi10k", show_default=True, metavar="NAME|FILE", help="Real molecules.")
@click.option(
    "-n", "--n", "count", type=click.IntRange(4), default=1_000, show_default=True, help="Molecules and points."
)
@model_option
@prior_option
@picture_option
@seed_option
@computing_options
def latent(
    data: str, count: int, model: Path | None, prior: str | None, picture: Path | None, seed: int, as_json: bool,
    device: str, threads: int | None, workers: int | None,
) -> int:  # fmt: skip
    """Measure what lies around molecules, between them, and at points of a prior.

    \b
    Examples:
      molvae evaluate latent --data moses-test
      molvae evaluate latent --prior normal --picture map.png
    """
    from molvae.evaluate import draw, evaluate_latent, read_smiles

    space = load_space(model, device, threads, workers)
    report = evaluate_latent(space, draw(read_smiles(data), count, seed=seed), n=count, seed=seed, prior=prior)
    header = _about(space) | {"prior": prior or space.priors[0], "data": data, "seed": seed, "n": len(report.prior)}
    tell(header, report.groups, as_json=as_json)
    if picture is not None:
        from molvae.plots.evaluation import draw_latent

        draw_latent(report, picture)
        say(f"drawn into {picture}")
    return 0


def _about(space: LatentSpace) -> dict[str, object]:
    return {"model": space.checkpoint.weights_sha256}


def _resources(device: str, threads: int | None, workers: int | None) -> Resources:
    from molvae.evaluate import Resources
    from molvae.latent.network import resolve_device

    return Resources(device=resolve_device(device), threads=threads, workers=workers, stage=_stage)


def _stage(name: str, length: int) -> AbstractContextManager[Callable[[int], None]]:
    return progress(name, unit="molecules", total=length)


def tell(header: Mapping[str, object], groups: Groups, *, as_json: bool) -> None:
    """Print figures with their denominators: one JSON object, or a table under a few lines about the run."""
    if as_json:
        from molvae.evaluate.measure import as_json as figures

        show({**header, **{name: figures(group) for name, group in groups.items()}}, as_json=True)
        return
    show({name: _in_words(value) for name, value in header.items()}, as_json=False)
    width = max(len(each.name) for group in groups.values() for each in group)
    for name, group in groups.items():
        click.echo(f"\n{printable(name)}")
        for each in group:
            value = f"{each.value:.4f}" if abs(each.value) < 1_000 else f"{each.value:.4g}"
            click.echo(printable(f"  {each.name:<{width}}  {value:>9}  of {each.of:>9,}  {each.note}".rstrip()))


def _in_words(value: object) -> object:
    """Return refusals by source as one line; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    parts = (f"{source}: " + (", ".join(f"{n:,} {code}" for code, n in codes.items()) or "none")
             for source, codes in value.items())  # fmt: skip
    return "; ".join(parts)
