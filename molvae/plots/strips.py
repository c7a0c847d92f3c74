"""Molecules in rows: films along a path with their profile, and grids of neighbours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molvae import style
from molvae.chem.drawing import draw_molecule
from molvae.latent.results import Neighbors, Path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PIXELS = (360, 270)  # of a drawing: sharp in print at two centimetres
_CELL = (1.9, 1.75)  # inches of a molecule with its legend


def molecule_grid(
    smiles: Sequence[str | None],
    legends: Sequence[str] | None = None,
    *,
    per_row: int = 5,
    highlight: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw molecules in rows, each above its legend; None leaves a cell empty.

    Args:
        smiles: the molecules.
        legends: a text for each.
        per_row: molecules in a row.
        highlight: SMARTS of what is marked in each, such as a scaffold.
        axes: where to draw; None makes them.

    Raises:
        ValueError: legends that are not one for each molecule, or fewer than one molecule in a row.
        ConfigError: not a SMARTS pattern.
        MissingExtraError: matplotlib is not installed.
    """
    if per_row < 1:
        raise ValueError(f"per_row must be at least 1, got {per_row}")
    if legends is not None and len(legends) != len(smiles):
        raise ValueError(f"legends must be one for each of {len(smiles)} molecules, got {len(legends)}")
    columns = max(1, min(per_row, len(smiles)))
    rows = max(1, -(-len(smiles) // columns))
    axes = style.axes_or_new(axes, _CELL[0] * columns, _CELL[1] * rows)
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.axis("off")
    for number, text in enumerate(smiles):
        left, top = number % columns, number // columns
        _place(axes, text, (left + 0.02, left + 0.98, top + 0.82, top + 0.02), highlight=highlight)
        if legends is not None:
            axes.text(left + 0.5, top + 0.9, legends[number], ha="center", va="center", fontsize=8)
    return axes


def neighbor_grid(
    neighbors: Neighbors,
    scores: ArrayLike | None = None,
    *,
    label: str = "",
    per_row: int = 5,
    axes: Axes | None = None,
) -> Axes:
    """Draw a molecule and its neighbours, each with its similarity and, if given, its score.

    Args:
        neighbors: what `LatentSpace.neighbors` returned.
        scores: a number for each neighbour.
        label: what the scores are.
        per_row: molecules in a row.
        axes: where to draw; None makes them.

    Raises:
        ValueError: scores that are not one for each neighbour.
        MissingExtraError: matplotlib is not installed.
    """
    legends = [f"{row.similarity:.2f}" for row in neighbors]
    if scores is not None:
        numbers = _one_each(scores, len(neighbors), "scores", "neighbour")
        legends = [f"{old}   {label} {number:.3g}" for old, number in zip(legends, numbers, strict=True)]
    smiles = [neighbors.query, *neighbors.smiles]
    return molecule_grid(smiles, ["query", *legends], per_row=per_row, axes=axes)


def interpolation_strip(path: Path, *, axes: Axes | None = None) -> Axes:
    """Draw the molecules along a path, and below them their similarity to both ends: the Tanimoto profile.

    Args:
        path: what `LatentSpace.interpolate` returned.
        axes: where to draw; None makes them.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    axes, profile = _film(path, axes)
    positions = np.arange(len(path))
    ends = (("to the start", [s.to_start for s in path]), ("to the end", [s.to_end for s in path]))
    for number, (name, similarities) in enumerate(ends):
        profile.plot(
            positions, similarities, label=name, color=style.PALETTE[number], ls=style.LINES[number],
            marker=style.MARKERS[number],
        )  # fmt: skip
    profile.set(ylim=(-0.05, 1.05), ylabel="Tanimoto")
    profile.set_xticks(positions, [f"{step.position:.2f}" for step in path])
    profile.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return axes


def traversal_strip(path: Path, values: ArrayLike | None = None, *, label: str = "", axes: Axes | None = None) -> Axes:
    """Draw the molecules at steps along a direction, and below them a property, or their similarity to the first.

    Args:
        path: what `LatentSpace.traverse` returned.
        values: a number for each step, NaN where there is none.
        label: what the values are, with their unit.
        axes: where to draw; None makes them.

    Raises:
        ValueError: values that are not one for each step.
        MissingExtraError: matplotlib is not installed.
    """
    numbers = [step.to_start for step in path] if values is None else _one_each(values, len(path), "values", "step")
    axes, profile = _film(path, axes)
    positions = np.arange(len(path))
    profile.plot(positions, numbers, color=style.BLUE, marker="o")
    profile.set(ylabel=label if values is not None else "Tanimoto to\nthe molecule")
    if values is None:
        profile.set_ylim(-0.05, 1.05)
    profile.set_xticks(positions, [f"{step.position:+g} σ" if step.position else "0" for step in path])
    return axes


def _film(path: Path, axes: Axes | None) -> tuple[Axes, Axes]:
    """Draw the molecules of a path into the upper part of axes; return these, and empty axes in their lower part."""
    axes = style.axes_or_new(axes, max(6.0, 1.55 * len(path) + 1), 3.2)
    axes.axis("off")
    upper, lower = axes.inset_axes((0, 0.44, 1, 0.56)), axes.inset_axes((0, 0.08, 1, 0.32))
    upper.axis("off")
    upper.set(xlim=(-0.5, len(path) - 0.5), ylim=(1, 0))
    for number, step in enumerate(path):
        _place(upper, step.smiles, (number - 0.48, number + 0.48, 1, 0))
        if step.smiles is None:
            upper.text(number, 0.5, "nothing\ndecoded", ha="center", va="center", fontsize=8)
    lower.set_xlim(-0.5, len(path) - 0.5)
    lower.grid(visible=True, alpha=0.3)
    return axes, lower


def _place(axes: Axes, smiles: str | None, extent: tuple[float, ...], *, highlight: str | None = None) -> None:
    """Draw a molecule into the box left, right, bottom, top of axes, without changing their limits."""
    from matplotlib.image import imread

    if smiles is None:
        return
    left, right, bottom, top = extent
    picture = draw_molecule(smiles, _PIXELS, dark=style.is_dark(axes), highlight=highlight)
    inset = axes.inset_axes((left, min(bottom, top), right - left, abs(top - bottom)), transform=axes.transData)
    inset.imshow(imread(io.BytesIO(picture), format="png"), interpolation="antialiased")
    inset.axis("off")


def _one_each(values: ArrayLike, count: int, name: str, unit: str) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (count,):
        raise ValueError(f"{name} must be one number for each {unit}, shape ({count},), got shape {numbers.shape}")
    return numbers
