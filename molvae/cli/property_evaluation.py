"""How well a property is predicted, on a file: what `molvae property evaluate` and `molvae benchmark property` do."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from molvae.cli.dry_run import dry_run_option, look_at, target_folder
from molvae.cli.options import debug_option, json_option, load_space, model_option, threads_option
from molvae.cli.output import progress, say, show
from molvae.cli.reading import STANDARD_STREAM, read_all, reading_options
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from molvae.datasets import Row
    from molvae.properties import Evaluation

Command = TypeVar("Command", bound=Callable[..., object])
KINDS = ("auto", "ridge", "forest", "gp", "mlp")


def evaluation_options(command: Command) -> Command:
    """Add the options of an evaluation; each passes an argument of `evaluate_file`."""
    for option in (
        debug_option,
        json_option,
        dry_run_option,
        threads_option,
        reading_options,
        model_option,
        click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the table and the picture."),
        click.option("--no-baselines", "baselines", flag_value=False, default=True, help="Only what is molvae's."),
        click.option("--folds", type=click.IntRange(2, 100), default=3, show_default=True, help="To choose a kind."),
        click.option(
            "--seeds", type=click.IntRange(1, 1_000), default=5, show_default=True, help="Splits of each kind."
        ),
        click.option(
            "--split", "splits", type=click.Choice(["scaffold", "random"]), multiple=True,
            default=("scaffold", "random"), show_default=True, help="Of the molecules; may be repeated.",
        ),
        click.option(
            "--features", type=click.Choice(["z", "states"]), multiple=True, default=("z", "states"), show_default=True,
            help="Of molecules: latent vectors, or these and the states of the encoder; may be repeated.",
        ),
        click.option(
            "--kind", "kinds", type=click.Choice(KINDS), multiple=True, default=("auto",), show_default=True,
            help="Of regressor; may be repeated.",
        ),
        click.option("--target", required=True, metavar="COLUMN", help="Column with the measured values."),
        click.argument("source", type=click.Path(path_type=Path)),
    ):  # fmt: skip
        command = option(command)
    return command


def evaluate_file(
    source: Path, target: str, kinds: tuple[str, ...], features: tuple[Any, ...], splits: tuple[Any, ...], seeds: int,
    folds: int, baselines: bool, output: Path | None, model: Path | None, threads: int | None, dry_run: bool,
    as_json: bool, **reading: Any,
) -> int:  # fmt: skip
    """Evaluate a file, print the table and draw the picture."""
    import numpy as np

    from molvae.properties.embedding import Embedder
    from molvae.properties.evaluation import evaluate as measure

    rows = read_all(source, reading)
    labels = labels_of(rows, [target], source)[:, 0]
    kinds, features, splits = (tuple(dict.fromkeys(names)) for names in (kinds, features, splits))
    trials = len(splits) * seeds * (len(kinds) * len(features) + 2 * bool(baselines))
    space = load_space(model, "auto", threads, 1)
    if dry_run:
        found = look_at(source, reading, standardization=space.checkpoint.standardization, space=space)
        found.pop("time_on_one_process", None)  # of encoding, the least of it
        measured = {"rows_with_a_value": int(np.isfinite(labels).sum()), "fits": trials}
        show({**found, **measured, "output": target_folder(output)}, as_json=as_json)
        return 0
    embedders = [Embedder(space, name) for name in features]
    points = embedders[0]([row.smiles for row in rows])
    with progress("Evaluating", unit="fits", total=trials) as advance:
        report = measure(
            points, labels, kinds=kinds, embedders=embedders, splits=list(splits), seeds=seeds,
            folds=folds, baselines=bool(baselines), progress=advance,
        )  # fmt: skip
    _show_report(report, target, output, as_json=as_json)
    return 0


def _show_report(report: Evaluation, target: str, output: Path | None, *, as_json: bool) -> None:
    rows = [dataclasses.asdict(row) for row in report.table()]
    table = [list(row.values()) for row in rows]
    write_table(list(rows[0]), table, STANDARD_STREAM, as_json=as_json)
    if output is not None:
        from molvae.properties.picture import draw_calibration

        write_table(list(rows[0]), table, output / "results.csv", as_json=False)
        draw_calibration(report, output / "calibration.png", target=target)
        say(f"picture drawn into {output / 'calibration.png'}")
    refused = "".join(f", {count:,} {reason}" for reason, count in report.refused.items())
    say(f"{report.molecules:,} molecules, {report.repeated:,} rows repeated{refused}")


def labels_of(rows: Sequence[Row], targets: Sequence[str], source: Path) -> NDArray[np.float64]:
    """Return the labels (n, T) in columns of a file, NaN where a cell is empty.

    Raises:
        DataError: no such column, or a cell that is neither empty nor a number.
    """
    import numpy as np

    from molvae.errors import DataError

    known = next((list(row.fields) for row in rows if row.fields), [])
    labels = np.full((len(rows), len(targets)), np.nan)
    for t, target in enumerate(targets):
        if target not in known:
            near = difflib.get_close_matches(target, known, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise DataError(
                f"{source} has no column {target!r}, only {', '.join(map(repr, known[:20])) or 'molecules'}{hint}"
            )
        for i, row in enumerate(rows):
            text = row.fields.get(target, "").strip()
            if text.lower() in ("", "nan", "na", "n/a", "none", "null"):
                continue
            try:
                labels[i, t] = float(text)
            except ValueError:
                labels[i, t] = np.inf
            if not np.isfinite(labels[i, t]):
                raise DataError(f"{source}, line {row.number}: {target!r} must be a number or empty, got {text[:40]!r}")
    return labels
