"""`molvae score`: what an objective says of a file of molecules."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.options import debug_option, json_option, output_option, workers_option
from molvae.cli.output import json_line, progress, say
from molvae.cli.reading import STANDARD_STREAM, read_all, reading_options
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.datasets import Row
    from molvae.optimize import Objective, Scored

_AT_ONCE = 1_000  # molecules between two movements of the bar


@click.command(short_help="Score molecules with an objective.")
@click.argument("source", type=click.Path(path_type=Path), required=False)
@click.option(
    "--objective",
    "target",
    metavar="NAME",
    help="Its name, module:function for your own, or property:FOLDER for a fitted model.",
)
@click.option("--list", "listed", is_flag=True, help="Show the objectives that have a name.")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), help="Seconds until a molecule of a slow function has failed."
)
@output_option("Where the rows go; the format is that of the suffix.")
@reading_options
@workers_option
@json_option
@debug_option
def score(
    source: Path | None, target: str | None, listed: bool, timeout: float | None, output: Path, workers: int | None,
    as_json: bool, **reading: Any,
) -> int:  # fmt: skip
    """Score the molecules of SOURCE ('-': standard input), one row for each row; nothing is remembered.

    \b
    Examples:
      molvae score --list
      molvae score data/drugs.smi --objective qed
      molvae score data/drugs.smi --objective 'similarity:CC(=O)Oc1ccccc1C(=O)O' --json
      molvae score library.csv --objective my_module:my_function -o scores.csv
      molvae score library.csv --objective property:runs/solubility

    With --json it prints one object: "scores" holds a number for each row in order, null where there is none, and
    "reasons" says why.
    """
    if listed:
        return _list(output, as_json=as_json)
    if source is None or target is None:
        raise click.UsageError("name a file and an --objective, or ask for the --list")
    from molvae.optimize import Objective

    rows = read_all(source, reading)
    with Objective(target, goals={}, timeout=timeout, workers=workers or 1) as objective:
        found = _score(objective, rows)
    reasons = [str(row.refusal or result.reason) for row, result in zip(rows, found, strict=True)]
    scores = [_shown(result) for result in found]
    if as_json and output == STANDARD_STREAM:
        click.echo(json_line({"scores": scores, "reasons": [reason or None for reason in reasons]}))
    else:
        _write(rows, found, reasons, output, as_json=as_json)
    scored = sum(result.status == "scored" for result in found)
    say(f"{scored:,} of {len(rows):,} rows scored")
    return 0 if scored else 1


def _score(objective: Objective, rows: Sequence[Row]) -> list[Scored]:
    found: list[Scored] = []
    with (
        progress("Scoring", unit="molecules", total=len(rows)) as advance,
        contextlib.redirect_stdout(sys.stderr),  # what the user's function prints is no data
    ):
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            found += objective.evaluate([row.smiles for row in part])
            advance(len(part))
    return found


def _shown(result: Scored) -> object:
    """Return the value of a molecule, a table of several, or None."""
    if result.status != "scored":
        return None
    return next(iter(result.values.values())) if len(result.values) == 1 else dict(result.values)


def _write(
    rows: Sequence[Row], found: Sequence[Scored], reasons: Sequence[str], output: Path, *, as_json: bool
) -> None:
    names = list(dict.fromkeys(name for result in found for name in result.values)) or ["score"]
    table = (
        [row.smiles, *(_finite(result.values.get(name)) for name in names), reason, row.name]
        for row, result, reason in zip(rows, found, reasons, strict=True)
    )
    write_table(["smiles", *names, "reason", "name"], table, output, as_json=as_json)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _list(output: Path, *, as_json: bool) -> int:
    from molvae.optimize import named_objectives

    rows = ([entry.name, entry.summary] for entry in named_objectives())
    write_table(["objective", "score"], rows, output, as_json=as_json)
    return 0
