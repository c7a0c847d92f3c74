"""Pictures of a search: its course, and what its goals cost each other."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molvae import style
from molvae.datasets.files import atomic_path
from molvae.optimize.front import pareto_front
from molvae.optimize.result import Result
from molvae.optimize.scored import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TOP = 10
_SHOWN_GOALS = 3


def optimization_trace(
    result: Result, *, axes: Axes | None = None, label: str = "", calls: bool = True, color: str = ""
) -> Axes:
    """Draw scores against calls: the mean of the ten best so far, and a band from the tenth to the best of them.

    Args:
        result: of a search.
        axes: where to draw, such as what an earlier call returned, to compare searches; None makes them.
        label: names the search in the legend.
        calls: whether each call is a dot, coloured by what proposed it.
        color: of the band; that of the text by default.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    axes = style.axes_or_new(axes, 9, 5)
    rows, color = result.rows, color or style.ink()
    if calls:
        _draw_calls(axes, rows)
    numbers = [row.call for row in rows]
    best, tenth = _best_and_tenth(rows)
    name = f"{label}, " if label else ""
    axes.fill_between(numbers, tenth, best, color=color, alpha=0.15, linewidth=0, label=f"{name}tenth to best")
    axes.plot(numbers, result.objective.trace(_TOP), color=color, lw=1.6, label=f"{name}mean of the ten best")
    axes.set(xlabel="calls", ylabel="score")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8, markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return axes


def pareto_plot(result: Result, x: str, y: str, *, axes: Axes | None = None) -> Axes:
    """Draw two goals against each other, every scored molecule, and those that no other one beats.

    Values are turned as their goals want them, so that more is better on both axes. The line is the front of these two
    goals; a molecule that is best only when a third goal counts lies behind it.

    Args:
        result: of a search with several goals.
        x: name of the goal on the horizontal axis.
        y: name of the goal on the vertical axis.
        axes: where to draw; None makes them.

    Raises:
        ValueError: not the names of two goals, or no molecule has a score.
        MissingExtraError: matplotlib is not installed.
    """
    rows = [row for row in result.rows if row.contends]
    names = list(result.objective.goals)
    for name in (x, y):
        if name not in names or x == y:
            raise ValueError(f"x and y must be two of the goals {', '.join(map(repr, names))}, got {x!r} and {y!r}")
    if not rows:
        raise ValueError("no molecule has a score, so there is nothing to draw")
    axes = style.axes_or_new(axes, 6, 5)
    wanted = np.array([row.wanted for row in rows], dtype=np.float64)
    columns = [names.index(x), names.index(y)]
    points = wanted[:, columns]
    calls = [row.call for row in rows]
    dots = axes.scatter(points[:, 0], points[:, 1], s=12, c=calls, cmap=style.COLORMAP, alpha=0.7, linewidths=0)
    whole = wanted[pareto_front(wanted)][:, columns]
    label = f"best compromises ({len(whole):,})"
    axes.scatter(whole[:, 0], whole[:, 1], s=34, facecolors="none", edgecolors=style.RED, label=label)
    front = points[pareto_front(points)]
    front = front[np.argsort(front[:, 0])]
    axes.step(front[:, 0], front[:, 1], where="pre", color=style.RED, lw=1, ls="--", label="front of these two goals")
    axes.set(xlabel=f"{x}, as wanted", ylabel=f"{y}, as wanted")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)
    axes.get_figure().colorbar(dots, ax=axes, label="call")  # type: ignore[union-attr]
    return axes


def front_picture(result: Result, path: Path | str) -> None:
    """Draw each two goals against each other, of three at most, and the hypervolume against calls, into a file.

    Raises:
        ValueError: fewer than two goals, or no molecule has a score.
        MissingExtraError: matplotlib or BoTorch is not installed.
    """
    names = list(result.objective.goals)
    if len(names) < 2:
        raise ValueError(f"a front needs at least two goals, got {', '.join(map(repr, names)) or 'none'}")
    pairs = list(combinations(names[:_SHOWN_GOALS], 2))
    drawing = style.figure(5.5 * (len(pairs) + 1), 4.5)
    panels: Any = drawing.subplots(1, len(pairs) + 1)
    for axes, (x, y) in zip(panels, pairs, strict=False):
        pareto_plot(result, x, y, axes=axes)
    panels[-1].step([row.call for row in result.rows], result.hypervolume(), where="post", color=style.ink(), lw=1.6)
    panels[-1].set(xlabel="calls", ylabel=f"hypervolume of {len(names)} goals", ylim=(0, None))
    panels[-1].grid(visible=True, alpha=0.3)
    with atomic_path(path) as temporary:
        drawing.savefig(temporary, dpi=120)


def _draw_calls(axes: Axes, rows: Sequence[Scored]) -> None:
    scored = [row for row in rows if math.isfinite(row.score)]
    for number, arm in enumerate(dict.fromkeys(row.arm for row in scored)):
        own = [row for row in scored if row.arm == arm]
        axes.scatter(
            [row.call for row in own], [row.score for row in own], s=12, alpha=0.6, linewidths=0,
            color=style.PALETTE[number % len(style.PALETTE)],
            marker=style.MARKERS[number // len(style.PALETTE) % len(style.MARKERS)],
            label=f"{arm or 'by hand'} ({len(own):,})",
        )  # fmt: skip


def _best_and_tenth(rows: Sequence[Scored]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return after each call the best score and the tenth best, or the worst of fewer, NaN before the first."""
    leaders: list[float] = []  # a heap, the worst first
    table = np.full((2, len(rows)), np.nan)
    for index, row in enumerate(rows):
        if row.contends:
            (heapq.heappush if len(leaders) < _TOP else heapq.heappushpop)(leaders, row.score)
        if leaders:
            table[:, index] = max(leaders), leaders[0]
    return table[0], table[1]
