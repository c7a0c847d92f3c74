"""`molvae optimize ask | tell`: a search whose scores are measured elsewhere, on files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from molvae.cli.options import debug_option, json_option, model_option, output_option, seed_option
from molvae.cli.output import say, show
from molvae.cli.reading import read_smiles, reading_options
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.datasets import Row

_EMPTY = ("", "nan", "na", "n/a", "none", "null")
_SETTINGS = ("goal", "strategy", "mode", "planned", "seed")  # of `LaboratorySettings`


@click.command(short_help="Propose molecules to measure.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("-n", "count", type=click.IntRange(1), default=10, show_default=True, help="Molecules.")
@click.option("--pending", is_flag=True, help="Propose nothing; show again what was proposed and not told yet.")
@click.option("--minimize", "goal", flag_value="minimize", help="Small values are good.  [default: large ones are]")
@click.option("--planned", type=click.IntRange(1),
              help="Measurements in all, about; of few, fewer explore.  [default: 200]")  # fmt: skip
@click.option("--strategy", type=click.Choice(["hybrid", "tanimoto-gp", "graph-ga", "latent-ga", "bayesian", "random"]),
              help="What proposes molecules.  [default: hybrid]")  # fmt: skip
@click.option("--mode", type=click.Choice(["all", "latent"]),
              help="'latent' keeps only what the model proposes.  [default: all]")  # fmt: skip
@click.option("--start", type=click.Path(path_type=Path), help="File of molecules to propose first.")
@click.option("--library", type=click.Path(path_type=Path), help="File of molecules to draw from.")
@output_option("Where the proposals go; the format is that of the suffix.")
@model_option
@seed_option
@json_option
@debug_option
@click.pass_context
def ask(
    ctx: click.Context, /, folder: Path, count: int, pending: bool, start: Path | None, library: Path | None,
    output: Path, model: Path | None, as_json: bool, **given: Any,
) -> int:  # fmt: skip
    """Propose molecules to measure, out of all that FOLDER was told so far; begin the search if there is none.

    The table has the columns id, smiles and an empty one, score, to be filled in and told. Strategy, goal, start and
    seed are those of the first call; later ones need only FOLDER.

    \b
    Examples:
      molvae optimize ask runs/assay -n 24 --start hits.smi -o first.csv
      molvae optimize tell runs/assay first.csv --column pIC50
      molvae optimize ask runs/assay -n 24 -o second.csv
    """
    from molvae.optimize.folder import SETTINGS
    from molvae.optimize.laboratory import Laboratory, LaboratorySettings

    chosen = {
        name: given[name] for name in _SETTINGS
        if given[name] is not None and ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }  # fmt: skip
    begun = (folder / SETTINGS).exists()
    if begun and (start is not None or library is not None):
        raise click.UsageError(f"{folder} has begun: --start and --library are for the first call")
    if pending and not begun:
        raise click.UsageError(f"{folder} holds no search, so nothing is pending")
    with Laboratory(
        folder, None if begun else LaboratorySettings(**chosen), space=model,
        start=[] if start is None else molecules_in(start), library=None if library is None else molecules_in(library),
    ) as laboratory:  # fmt: skip
        for name, value in chosen.items():
            if getattr(laboratory.settings, name) != value:
                fixed = getattr(laboratory.settings, name)
                raise click.UsageError(f"{folder} began with {name} {fixed}, which cannot become {value}")
        found = laboratory.pending if pending else laboratory.ask(count)
    if pending and not found:
        say("nothing is pending")
        return 0
    write_table(["id", "smiles", "score"], ([row.id, row.smiles, None] for row in found), output, as_json=as_json)
    if len(found) < count and not pending:
        say(f"only {len(found):,} of {count:,}: the search found no more new molecules")
    return 0 if found else 1


def molecules_in(path: Path) -> list[str]:
    """Return the molecules of a file, as they stand there; rows that cannot be read are left out."""
    return [row.smiles for row in read_smiles(path, {}) if row.smiles]


@click.command(short_help="Tell what proposed molecules gave.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--column", default="score", show_default=True, help="Column with the values.")
@reading_options
@json_option
@debug_option
def tell(folder: Path, source: Path, column: str, as_json: bool, **reading: Any) -> int:
    """Tell the search in FOLDER what the molecules of SOURCE ('-': standard input) gave.

    SOURCE has the columns of ask; ids may stand in another column, --name-column. An empty cell is not measured yet and
    may be told later; 'failed' never will be. A row whose id is empty is a molecule of your own. Where a row cannot be
    right, an unknown id or an id beside another molecule, nothing of the file is taken. FOLDER gets trace.csv,
    best.smi, .csv and .sdf, and two pictures.

    \b
    Example:
      molvae optimize tell runs/assay first.csv --column pIC50
    """
    from molvae.optimize.laboratory import Laboratory
    from molvae.optimize.measurements import Measurement

    rows = list(read_smiles(source, {**reading, "name_column": reading["name_column"] or "id"}))
    measurements = [Measurement(row.name, row.smiles, _value(row, column, source), row=row.number) for row in rows]
    with Laboratory(folder) as laboratory:
        told = laboratory.tell(measurements)
        best = laboratory.objective.best()
        waiting = len(laboratory.pending)
    for number, reason in told.refused:
        say(f"row {number} is left out: {reason}")
    leader = {"best": next(iter(best[0].values.values())), "smiles": best[0].smiles} if best else {}
    show({"recorded": told.recorded, "failed": told.failed, "told_before": told.known, "not_measured": told.missing,
          "refused": len(told.refused), "pending": waiting, **leader}, as_json=as_json)  # fmt: skip
    return 0 if told.recorded or told.failed or told.known else 1


def _value(row: Row, column: str, source: Path) -> float | Literal["failed"] | None:
    """Return the value of a row.

    Raises:
        DataError: no such column, or a cell that is neither a number, nor empty, nor 'failed'.
    """
    from molvae.errors import DataError

    if column not in row.fields:
        known = ", ".join(map(repr, row.fields)) or "only ids and molecules"
        raise DataError(f"{source} has no column {column!r}, it has {known}; name the one with the values: --column")
    text = row.fields[column].strip()
    if text.lower() in _EMPTY:
        return None
    if text.lower() == "failed":
        return "failed"
    try:
        return float(text)
    except ValueError:
        raise DataError(
            f"{source}, line {row.number}: {column!r} must be a number, empty or 'failed', got {text[:40]!r}"
        ) from None
