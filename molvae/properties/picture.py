"""Pictures of property models: predictions, calibration of the intervals, errors against strangeness, the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molvae import style
from molvae.datasets.files import atomic_path
from molvae.properties.evaluation import LEVELS, Evaluation, Trial
from molvae.properties.prediction import Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_OUTSIDE = 0.05  # of `PropertyModel`


def draw_calibration(evaluation: Evaluation, path: Path | str, *, target: str) -> None:
    """Draw one row of three panels for each kind of split into a PNG or SVG file; `target` is the title.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    splits = list(dict.fromkeys(trial.split for trial in evaluation.trials))
    figure = style.figure(13, 4.2 * len(splits))
    axes = figure.subplots(len(splits), 3, squeeze=False)
    for row, split in zip(axes, splits, strict=True):
        parity(evaluation, split, axes=row[0])
        calibration(evaluation, split, axes=row[1])
        errors_by_domain(evaluation, split, axes=row[2])
    figure.suptitle(target)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def parity(evaluation: Evaluation, split: str = "scaffold", *, method: str = "", axes: Axes | None = None) -> Axes:
    """Draw predicted against measured values of the test molecules of all seeds.

    Args:
        evaluation: what `molvae.properties.evaluate` returned.
        split: "scaffold" or "random", as far as they were evaluated.
        method: one of the evaluation; by default the first, which stands on latent vectors.
        axes: where to draw; None makes them.

    Raises:
        ValueError: a split or method that was not evaluated.
        MissingExtraError: matplotlib is not installed.
    """
    methods = _trials(evaluation, split)
    method = method or next(iter(methods))
    if method not in methods:
        raise ValueError(f"method must be one of {', '.join(methods)}, got {method!r}")
    axes = style.axes_or_new(axes, 4.4, 4.4)
    measured = np.concatenate([trial.measured for trial in methods[method]])
    predicted = np.concatenate([trial.predicted for trial in methods[method]])
    ends = [min(measured.min(), predicted.min()), max(measured.max(), predicted.max())]
    axes.plot(ends, ends, color=style.ink(), lw=1)
    axes.scatter(measured, predicted, s=9, alpha=0.35, color=style.BLUE, linewidths=0)
    axes.set(title=f"{method}, {split} split", xlabel="measured", ylabel="predicted")
    axes.set_aspect("equal", "box")
    axes.grid(visible=True, alpha=0.3)
    return axes


def calibration(evaluation: Evaluation, split: str = "scaffold", *, axes: Axes | None = None) -> Axes:
    """Draw the share of test molecules within their intervals against the share promised, for each method.

    A line above the diagonal is more careful than it says, one below promises too much. Arguments and errors are those
    of `parity`.
    """
    methods = _trials(evaluation, split)
    axes = style.axes_or_new(axes, 4.8, 4.4)
    axes.plot([0.45, 0.95], [0.45, 0.95], color=style.ink(), lw=1)
    for number, (method, trials) in enumerate(methods.items()):
        levels = LEVELS[: min(len(trial.coverage) for trial in trials)]
        weights = [trial.tested for trial in trials]
        shares = [np.average([trial.coverage[i] for trial in trials], weights=weights) for i in range(len(levels))]
        axes.plot(levels, shares, label=method, **_line(number))
    axes.set(title=f"Intervals, {split} split", xlabel="promised share", ylabel="share of test molecules inside")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")
    return axes


def errors_by_domain(evaluation: Evaluation, split: str = "scaffold", *, axes: Axes | None = None) -> Axes:
    """Draw the mean absolute error of each quarter of the test molecules, from the strangest to the best known.

    Arguments and errors are those of `parity`.
    """
    methods = _trials(evaluation, split)
    axes = style.axes_or_new(axes, 4.8, 4.4)
    for number, (method, trials) in enumerate(methods.items()):
        domain = np.concatenate([trial.domain for trial in trials])
        errors = np.abs(np.concatenate([trial.measured - trial.predicted for trial in trials]))
        bounds = np.unique(np.quantile(domain, _QUARTERS))
        quarter = np.clip(np.searchsorted(bounds, domain, side="right") - 1, 0, max(len(bounds) - 2, 0))
        found = [(domain[quarter == i].mean(), errors[quarter == i].mean()) for i in np.unique(quarter)]
        axes.plot(*zip(*found, strict=True), label=method, **_line(number))
    axes.set(
        title=f"Errors by domain score, {split} split", xlabel="domain score (small: strange)",
        ylabel="mean absolute error", ylim=(0, None),
    )  # fmt: skip
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")
    return axes


def domain_histogram(
    groups: Mapping[str, Prediction | NDArray[np.float64]], *, outside: float = _OUTSIDE, axes: Axes | None = None
) -> Axes:
    """Draw how familiar groups of molecules are to a property model: the share of each at every domain score.

    Molecules like those the model was calibrated with spread evenly from 0 to 1; a group that crowds at 0 is strange
    to the model, and its predictions are guesses.

    Args:
        groups: what `PropertyModel.describe` returned, or domain scores (n,), by name; NaN is left out.
        outside: score below which a molecule is flagged.
        axes: where to draw; None makes them.

    Raises:
        ValueError: no groups.
        MissingExtraError: matplotlib is not installed.
    """
    if not groups:
        raise ValueError("groups must hold at least one group of molecules, got none")
    axes = style.axes_or_new(axes, 6.4, 4)
    edges = np.linspace(0, 1, 21).tolist()
    for number, (name, group) in enumerate(groups.items()):
        scores = np.asarray(group.domain if isinstance(group, Prediction) else group, dtype=np.float64)
        scores = scores[np.isfinite(scores)]
        share = float(np.mean(scores < outside)) if len(scores) else float("nan")
        axes.hist(
            scores, bins=edges, weights=np.full(len(scores), 1 / max(1, len(scores))), histtype="step", lw=1.6,
            color=style.PALETTE[number % 6], ls=style.LINES[number % 6],
            label=f"{name} ({len(scores):,}; {share:.0%} outside)",
        )  # fmt: skip
    axes.axvspan(0, outside, color=style.RED, alpha=0.15, lw=0)
    axes.set(xlabel="domain score (small: strange)", ylabel="share of molecules", xlim=(0, 1))
    axes.legend(fontsize="small")
    return axes


def _trials(evaluation: Evaluation, split: str) -> dict[str, Sequence[Trial]]:
    """Return the trials of a split by method."""
    methods: dict[str, list[Trial]] = {}
    for trial in evaluation.trials:
        if trial.split == split:
            methods.setdefault(trial.method, []).append(trial)
    if not methods:
        splits = dict.fromkeys(trial.split for trial in evaluation.trials)
        raise ValueError(f"split must be one of {', '.join(splits)}, got {split!r}")
    return dict(methods)


def _line(number: int) -> dict[str, Any]:
    return {
        "color": style.PALETTE[number % 6], "ls": style.LINES[number % 6], "marker": style.MARKERS[number % 6],
    }  # fmt: skip
