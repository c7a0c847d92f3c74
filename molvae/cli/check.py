"""`molvae check`: what is wrong, odd or strange about molecules, each rate with its denominator."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from molvae.cli.evaluate import tell
from molvae.cli.options import computing_options, load_space, model_option, seed_option
from molvae.cli.output import progress, say, show
from molvae.cli.reading import STANDARD_STREAM, read_smiles, reading_options
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.chem.alerts import AlertCatalog
    from molvae.datasets import Row
    from molvae.evaluate.checking import CheckedMolecule, Checks
    from molvae.evaluate.decoding import DecodeSummary
    from molvae.latent.space import LatentSpace
    from molvae.plots.check_page import PageRows

_CATALOGS = ("PAINS", "BRENK", "NIH", "CHEMBL", "ZINC")
_POINTS = (".npz", ".npy")
_REPAIRED = ("smiles", "similarity", "mended", "number", "name", "given")


def _check_page(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"{value} must end in .html", ctx, parameter)
    return value


@click.command(short_help="Find what is wrong, odd or strange about molecules.")
@click.argument("source", type=click.Path(path_type=Path))
@model_option
@click.option("--no-model", is_flag=True, help="Look at structures only: no decode, encode, decode.")
@click.option("--domain", is_flag=True, help="Tell how strange each molecule is to the model.")
@click.option(
    "--training", metavar="NAME|FILE",
    help="The training set, for the novelty; a model that does not know what is strange to it learns that from there.",
)  # fmt: skip
@click.option(
    "--alerts", "catalogs", multiple=True, type=click.Choice([*_CATALOGS, "none"]),
    help="Catalogue of structure alerts; may be given several times.  [default: all but ZINC]",
)  # fmt: skip
@click.option("--html", "page", type=click.Path(path_type=Path), callback=_check_page, help="Write a page to look at.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write every row, also unreadable ones, to a table."
)
@click.option(
    "--repair", type=click.Path(path_type=Path),
    help="Write to this table the nearest ordinary molecules that the model decodes for each odd or unreadable row.",
)  # fmt: skip
@reading_options
@seed_option
@computing_options
def check(
    source: Path, model: Path | None, no_model: bool, domain: bool, training: str | None, catalogs: tuple[str, ...],
    page: Path | None, output: Path | None, repair: Path | None, seed: int, as_json: bool, device: str,
    threads: int | None, workers: int | None, **reading: Any,
) -> int:  # fmt: skip
    """Check the molecules of SOURCE ('-': standard input), or what the vectors in an .npz or .npy file decode to.

    Each molecule is read and searched for radicals, charges, fragments, unusual valences, strained and large rings,
    forbidden double bonds and structure alerts, and sent through the model: decode, encode, decode.

    \b
    Examples:
      molvae sample -n 1000 --seed 0 | molvae check - --html report.html
      molvae check library.csv --no-model --alerts PAINS -o checked.csv
      molvae check library.npz --domain --json
      molvae check odd.smi --repair repaired.csv
    """
    from molvae.evaluate.checking import COLUMNS, Checks
    from molvae.evaluate.decoding import DecodeSummary
    from molvae.plots.check_page import PageRows, write_check_page

    is_points = source.suffix.lower() in _POINTS
    if no_model and (domain or repair is not None or is_points):
        raise click.UsageError("--no-model cannot be with --domain, --repair or a file of vectors: they need the model")
    if STANDARD_STREAM in (output, repair):
        raise click.UsageError("-o and --repair need the name of a file: the figures go to standard output")
    space = None if no_model else load_space(model, device, threads, workers)
    known = _training_set(training, workers) if training is not None else None
    if domain and known is not None and space is not None and space.checkpoint.domain is None:
        space.learn_domain(sorted(known), seed=seed)
    chosen = tuple(name for name in catalogs or _CATALOGS[:-1] if name != "none")
    checks = Checks(cast("tuple[AlertCatalog, ...]", chosen), space, domain, workers)
    summary, listed = DecodeSummary(checks, known=known, seed=seed), PageRows()
    broken: list[Row] = []
    rows = _counted(_checked(source, is_points, checks, reading), summary, listed)
    if repair is not None:
        rows = _kept(rows, broken)
    if output is not None:
        write_table(COLUMNS, (row.values() for row in rows), output, as_json=False)
    else:
        for _ in rows:
            pass
    header: dict[str, object] = {"source": str(source), "rows": summary.n, "seed": seed}
    if space is not None:
        header["model"] = space.checkpoint.weights_sha256
    if as_json:
        show({**header, **summary.as_json()}, as_json=True)
    else:
        tell(header, summary.groups(), as_json=False)
    if page is not None:
        name = "standard input" if source == STANDARD_STREAM else source.name
        write_check_page(page, summary, listed, title=f"Check of {name}", subtitle=_subtitle(header))
        say(f"{len(listed):,} rows listed in {page}")
    if repair is not None and space is not None:
        write_table(_REPAIRED, _repaired(space, broken, seed), repair, as_json=False)
    return 0 if summary.read else 1


def _repaired(space: LatentSpace, rows: Sequence[Row], seed: int) -> Iterator[list[object]]:
    from molvae.evaluate.repair import repair

    with progress("Repairing", unit="molecules", total=len(rows)) as advance:
        for row in rows:
            found = repair(space, str(row.smiles), seed=seed)
            for neighbor in found.rows:
                yield [neighbor.smiles, neighbor.similarity, found.mended, row.number, row.name, row.smiles]
            if not found.rows:
                yield [None, None, found.mended, row.number, row.name, row.smiles]
            advance(1)


def _training_set(source: str, workers: int | None) -> Collection[str]:
    from molvae.evaluate import Resources, read_smiles
    from molvae.evaluate.reference import canonical_smiles

    if source == "moses-train":  # written canonically, and a million molecules
        return frozenset(read_smiles(source))
    return frozenset(canonical_smiles(source, Resources(workers=workers)))


def _checked(source: Path, is_points: bool, checks: Checks, reading: dict[str, object]) -> Iterator[CheckedMolecule]:
    from molvae.evaluate.checking import check_points, check_rows

    if not is_points:
        yield from check_rows(read_smiles(source, reading), checks)
        return
    from molvae.latent.vectors import read_points

    assert checks.space is not None
    for block in read_points(source):
        for row, number, name in zip(check_points(block.z, checks.space, checks), block.row, block.name, strict=True):
            yield row.renamed(int(number), name)


def _counted(rows: Iterator[CheckedMolecule], summary: DecodeSummary, listed: PageRows) -> Iterator[CheckedMolecule]:
    with progress("Checking", unit="molecules") as advance:
        for row in rows:
            summary.add(row)
            listed.add(row)
            advance(1)
            yield row


def _kept(rows: Iterator[CheckedMolecule], broken: list[Row]) -> Iterator[CheckedMolecule]:
    """Pass the rows on, and keep the texts of those that hold no molecule, or an odd one."""
    from molvae.datasets import Row

    for row in rows:
        if row.given and (row.smiles is None or row.structure.findings):
            broken.append(Row(row.number, row.given, row.name))
        yield row


def _subtitle(header: dict[str, object]) -> str:
    parts = [f"{header['rows']:,} rows", f"seed {header['seed']}"]
    parts += [f"model {str(header['model'])[:12]}"] if "model" in header else []
    return ", ".join(parts)
