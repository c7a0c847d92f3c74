"""The picture of an evaluation: predictions, calibration of the intervals, errors against strangeness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from molvae.datasets.files import atomic_path
from molvae.errors import MissingExtraError
from molvae.properties.evaluation import LEVELS, Evaluation, Trial

_COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def draw_calibration(evaluation: Evaluation, path: Path | str, *, target: str) -> None:
    """Draw one row of three panels for each kind of split into a PNG or SVG file; `target` is the title.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as err:
        raise MissingExtraError("matplotlib", "viz") from err
    splits = list(dict.fromkeys(trial.split for trial in evaluation.trials))
    methods = list(dict.fromkeys(trial.method for trial in evaluation.trials))
    figure = Figure(figsize=(13, 4.2 * len(splits)), layout="constrained")
    axes = figure.subplots(len(splits), 3, squeeze=False)
    for row, split in zip(axes, splits, strict=True):
        chosen = {
            method: [trial for trial in evaluation.trials if (trial.split, trial.method) == (split, method)]
            for method in methods
        }
        _draw_parity(row[0], chosen[methods[0]], split)
        for method, colour in zip(methods, _COLOURS, strict=False):
            _draw_coverage(row[1], method, chosen[method], colour)
            _draw_strangeness(row[2], method, chosen[method], colour)
        _finish(row[1], row[2])
    figure.suptitle(target)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _draw_parity(axes: Any, trials: Sequence[Trial], split: str) -> None:
    measured = np.concatenate([trial.measured for trial in trials])
    predicted = np.concatenate([trial.predicted for trial in trials])
    low, high = min(measured.min(), predicted.min()), max(measured.max(), predicted.max())
    axes.plot([low, high], [low, high], color="black", linewidth=1)
    axes.scatter(measured, predicted, s=9, alpha=0.35, color=_COLOURS[0], linewidths=0)
    axes.set(title=f"{trials[0].method}, {split} split", xlabel="measured", ylabel="predicted")
    axes.set_aspect("equal", "box")
    axes.grid(alpha=0.3)


def _draw_coverage(axes: Any, method: str, trials: Sequence[Trial], colour: str) -> None:
    levels = LEVELS[: min(len(trial.coverage) for trial in trials)]
    weights = [trial.tested for trial in trials]
    shares = [np.average([trial.coverage[i] for trial in trials], weights=weights) for i in range(len(levels))]
    axes.plot(levels, shares, marker="o", color=colour, label=method)


def _draw_strangeness(axes: Any, method: str, trials: Sequence[Trial], colour: str) -> None:
    domain = np.concatenate([trial.domain for trial in trials])
    errors = np.abs(np.concatenate([trial.measured - trial.predicted for trial in trials]))
    bounds = np.unique(np.quantile(domain, _QUARTERS))
    quarter = np.clip(np.searchsorted(bounds, domain, side="right") - 1, 0, max(len(bounds) - 2, 0))
    found = [(domain[quarter == i].mean(), errors[quarter == i].mean()) for i in np.unique(quarter)]
    axes.plot(*zip(*found, strict=True), marker="o", color=colour, label=method)


def _finish(coverage: Any, strangeness: Any) -> None:
    coverage.plot([0.45, 0.95], [0.45, 0.95], color="black", linewidth=1)
    coverage.set(title="Intervals", xlabel="promised share", ylabel="share of test molecules inside")
    coverage.legend(fontsize="small")
    strangeness.set(
        title="Errors by quarters of the domain score", xlabel="domain score (small: strange)",
        ylabel="mean absolute error", ylim=(0, None),
    )  # fmt: skip
    for axes in (coverage, strangeness):
        axes.grid(alpha=0.3)
