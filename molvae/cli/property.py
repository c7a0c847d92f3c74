"""`molvae property fit | predict | evaluate | traverse`: models of measured properties, on latent vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from molvae.cli.options import (
    debug_option,
    json_option,
    load_space,
    model_option,
    output_option,
    seed_option,
    threads_option,
)
from molvae.cli.output import say, show
from molvae.cli.property_evaluation import KINDS, evaluate_file, evaluation_options, labels_of
from molvae.cli.reading import read_all, reading_options
from molvae.cli.writing import draw, picture_option, write_table


@click.group("property", short_help="Learn measured properties and predict them.")
def property_group() -> None:
    """Learn measured properties of molecules, predict them, and see how well that works.

    \b
    Examples:
      molvae property fit solubility.csv --target logS -o runs/solubility
      molvae property predict runs/solubility library.smi -o predicted.csv
      molvae property evaluate solubility.csv --target logS -o runs/solubility-report
    """


@property_group.command(short_help="Learn a property from a table.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--target", "targets", multiple=True, required=True, metavar="COLUMN", help="Column; may be repeated.")
@click.option("--kind", type=click.Choice(KINDS), default="auto", show_default=True, help="Of regressor.")
@click.option("--features", type=click.Choice(["z", "states"]), default="z", show_default=True,
              help="Of molecules: latent vectors, or these and the states of the encoder.")  # fmt: skip
@click.option("--calibration", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True,
              help="Share of the molecules kept out of the fit, for deviations and intervals.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the model.")
@model_option
@seed_option
@reading_options
@threads_option
@json_option
@debug_option
def fit(
    source: Path, targets: tuple[str, ...], kind: str, features: Any, calibration: float, output: Path,
    model: Path | None, seed: int, threads: int | None, as_json: bool, **reading: Any,
) -> int:  # fmt: skip
    """Learn the columns --target of SOURCE; empty cells are missing labels.

    \b
    Examples:
      molvae property fit solubility.csv --target logS -o runs/solubility
      molvae property fit assays.csv --target pIC50 --target logD --kind gp -o runs/assays
    """
    from molvae.properties import PropertyModel

    rows = read_all(source, reading)
    labels = labels_of(rows, targets, source)
    space = load_space(model, "auto", threads, 1)
    predictor = PropertyModel(
        kind, space=space if model is not None else None, features=features, calibration=calibration,
        random_state=seed % 2**32,
    )  # fmt: skip
    predictor.fit([row.smiles for row in rows], labels, targets=targets)
    predictor.save(output)
    for target in predictor.targets_:
        scores = {f"r2_{name}": score for name, score in target.scores.items()}
        fields = {"target": target.name, "kind": target.regressor.kind, "fitted": target.labels}
        show({**fields, "held_out": len(target.residuals), **scores}, as_json=as_json)
    say(f"model written to {output}")
    return 0


@property_group.command(short_help="Predict the properties of molecules.")
@click.argument("predictor", metavar="MODEL", type=click.Path(path_type=Path))
@click.argument("source", type=click.Path(path_type=Path))
@output_option("Where the rows go; the format is that of the suffix.")
@click.option("--alpha", type=click.FloatRange(0, 1, min_open=True, max_open=True),
              help="Also intervals that hold the value with probability 1 - ALPHA.")  # fmt: skip
@model_option
@reading_options
@threads_option
@json_option
@debug_option
def predict(
    predictor: Path, source: Path, output: Path, alpha: float | None, model: Path | None, threads: int | None,
    as_json: bool, **reading: Any,
) -> int:  # fmt: skip
    """Predict with MODEL the molecules of SOURCE ('-': standard input), one row for each row.

    \b
    Examples:
      molvae property predict runs/solubility data/drugs.smi
      molvae property predict runs/solubility library.csv --alpha 0.1 -o predicted.csv

    `domain` is the share of known molecules that are at least as far from the training set, `typical` the share that
    the latent space finds at least as unlikely (negative ELBO). Where one is below 0.05 a molecule is not `inside`, and
    its prediction is a guess. A refused row keeps its place, with its reason.
    """
    from molvae.properties import PropertyModel

    rows = read_all(source, reading)
    space = None if model is None else load_space(model, "auto", threads, 1)
    found = PropertyModel.load(predictor, space=space).describe([row.smiles for row in rows], alpha=alpha)
    parts = {"": found.mean, "_std": found.std}
    if alpha is not None:
        parts |= {"_low": found.lower, "_high": found.upper}
    columns = [f"{target}{suffix}" for target in found.targets for suffix in parts]
    ok = [status == "ok" for status in found.status]
    table = []
    for i, row in enumerate(rows):
        numbers = [float(part[i, t]) if ok[i] else None for t in range(len(found.targets)) for part in parts.values()]
        known = [float(found.domain[i]), float(found.typical[i]), bool(found.inside[i])] if ok[i] else [None] * 3
        reason = "" if ok[i] else str(row.refusal or f"{found.status[i]}: {found.detail[i]}")
        table.append([row.smiles, *numbers, *known, reason, row.name])
    write_table(["smiles", *columns, "domain", "typical", "inside", "reason", "name"], table, output, as_json=as_json)
    say(f"{sum(ok):,} of {len(rows):,} rows predicted, {int(found.inside.sum()):,} inside the domain of the model")
    return 0 if any(ok) else 1


@property_group.command(short_help="Walk from a molecule to higher values of a property.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--target", required=True, metavar="COLUMN", help="Column with the measured values.")
@click.option("--from", "starts", metavar="SMILES", multiple=True, required=True, help="Start; may be repeated.")
@click.option("--steps", default="-2,-1.5,-1,-0.5,0,0.5,1,1.5,2", show_default=True, metavar="NUMBERS",
              help="Along the direction, in standard deviations of the data, with commas between.")  # fmt: skip
@click.option("--method", type=click.Choice(["pattern", "ridge", "difference"]), default="pattern", show_default=True,
              help="Of the direction: how molecules differ when a regression on z predicts more, its gradient, or the "
              "upper half of the data minus the lower.")  # fmt: skip
@click.option("--kind", type=click.Choice(KINDS), default="gp", show_default=True, help="Of the model that reads.")
@output_option("Where the rows go; the format is that of the suffix.")
@picture_option
@model_option
@seed_option
@reading_options
@threads_option
@json_option
@debug_option
def traverse(
    source: Path, target: str, starts: tuple[str, ...], steps: str, method: Any, kind: str, output: Path,
    picture: Path | None, model: Path | None, seed: int, threads: int | None, as_json: bool, **reading: Any,
) -> int:  # fmt: skip
    """Walk from molecules along the direction in latent space in which the column --target of SOURCE rises.

    Each step is decoded, and the property is read back from the molecule: a model, fitted to SOURCE too, predicts it
    from the molecule as it is encoded anew. Where a molecule is not `inside` the domain of the model, that is a guess.

    \b
    Example:
      molvae property traverse solubility.csv --target logS --from 'CC(=O)Nc1ccc(O)cc1' --picture walk.png
    """
    from molvae.properties.traversal import AttributeAxis

    positions = _numbers(steps)
    rows = read_all(source, reading)
    labels = labels_of(rows, [target], source)[:, 0]
    space = load_space(model, "auto", threads, 1)
    axis = AttributeAxis(
        space, [row.smiles for row in rows], labels.tolist(), kind=kind, method=method, name=target, seed=seed % 2**32
    )
    found = [axis.traverse(smiles, positions) for smiles in starts]
    columns = ["start", "step", "smiles", "similarity", target, f"{target}_std", "inside"]
    table = [[walk.start, *_finite_cells(step)] for walk in found for step in walk.steps]
    write_table(columns, table, output, as_json=as_json)
    draw(
        [step.smiles for walk in found for step in walk.steps], picture,
        legends=[_legend(step.position, step.predicted) for walk in found for step in walk.steps],
    )  # fmt: skip
    say(f"direction of {axis.direction.n:,} molecules, correlation {axis.direction.correlation:.2f}")
    for walk in found:
        say(f"from {walk.start}: rank correlation of step and predicted {target} {walk.trend:.2f}")
    return 0


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        rule = f"{text!r} must be numbers with commas between, such as -2,0,2"
        raise click.BadParameter(rule, param_hint="--steps") from None
    if not all(math.isfinite(number) for number in numbers):
        raise click.BadParameter(f"{text!r} must be finite numbers", param_hint="--steps")
    return numbers


def _legend(position: float, predicted: float) -> str:
    return f"step {position:g}: " + ("no prediction" if math.isnan(predicted) else f"{predicted:.2f}")


def _finite_cells(cells: Sequence[object]) -> list[object]:
    return [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in cells]


@property_group.command(short_help="Measure how well a property can be predicted.")
@evaluation_options
def evaluate(**given: Any) -> int:
    """Measure on SOURCE how well its column --target is predicted, beside random forests on usual features.

    \b
    Examples:
      molvae property evaluate Lipophilicity.csv --target exp -o runs/lipophilicity
      molvae property evaluate solubility.csv --target logS --kind gp --split scaffold --seeds 3

    Each split fits 80 % of the molecules, calibrates with 10 % and tests on 10 %; figures are means over seeds.
    """
    return evaluate_file(**given)
