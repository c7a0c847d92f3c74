"""Maps of a latent space: where molecules lie, coloured by a property or by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molvae import style
from molvae.latent.projection import Method, project

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INKED = 8_000  # square points that all dots of a map cover together: more molecules, smaller dots


def latent_map(
    z: NDArray[np.floating],
    values: ArrayLike | None = None,
    *,
    label: str = "",
    groups: Sequence[str] | None = None,
    named: Mapping[int, str] | None = None,
    method: Method = "pca",
    seed: int = 0,
    axes: Axes | None = None,
) -> Axes:
    """Draw latent points in two dimensions.

    Args:
        z: points (n, D), or (n, 2) as they are to be drawn; rows that are not finite are left out.
        values: a number for each point, shown by its colour.
        label: what `values` are, with their unit.
        groups: a name for each point, shown by colour and marker, instead of `values`.
        named: names written beside some points, by row.
        method: "pca" or "tsne", for points of more than two dimensions; see `molvae.latent.project`.
        seed: of t-SNE.
        axes: where to draw; None makes them.

    Raises:
        ValueError: values or groups that are not one for each point, or both.
        MissingExtraError: matplotlib is not installed.
    """
    for name, entries in (("values", values), ("groups", groups)):
        if entries is not None and len(np.asarray(entries)) != len(z):
            raise ValueError(f"{name} must be one for each of {len(z)} points, got {len(np.asarray(entries))}")
    if values is not None and groups is not None:
        raise ValueError("values and groups are two ways to colour a point: give one of them")
    axes = style.axes_or_new(axes, 6.6, 5)
    flat = z if z.shape[1] == 2 else project(z, method, seed=seed)
    size = float(np.clip(_INKED / max(1, len(flat)), 4, 24))
    if groups is not None:
        for number, group in enumerate(dict.fromkeys(groups)):
            own = flat[[entry == group for entry in groups]]
            axes.scatter(
                own[:, 0], own[:, 1], s=size, alpha=0.7, linewidths=0, color=style.PALETTE[number % 6],
                marker=style.MARKERS[number % 6], label=f"{group} ({len(own):,})",
            )  # fmt: skip
        axes.legend(fontsize="small", markerscale=2)
    elif values is not None:
        numbers = np.asarray(values, dtype=np.float64)
        known = numbers[np.isfinite(numbers)]
        # One odd molecule must not take all the colours.
        low, high = np.quantile(known, [0.01, 0.99]) if len(known) else (0.0, 1.0)
        shades: dict[str, Any] = {"c": numbers, "cmap": style.COLORMAP, "vmin": low, "vmax": high}
        dots = axes.scatter(flat[:, 0], flat[:, 1], s=size, linewidths=0, **shades)
        axes.get_figure().colorbar(dots, ax=axes, label=label, extend="both")  # type: ignore[union-attr]
    else:
        axes.scatter(flat[:, 0], flat[:, 1], s=size, alpha=0.7, linewidths=0, color=style.BLUE)
    for row, text in (named or {}).items():
        axes.scatter(flat[row, 0], flat[row, 1], s=40, facecolors="none", edgecolors=style.RED, linewidths=1.2)
        box = {"boxstyle": "round,pad=0.15", "facecolor": axes.get_facecolor(), "alpha": 0.75, "linewidth": 0}
        axes.annotate(text, tuple(flat[row]), xytext=(6, 6), textcoords="offset points", fontsize=8, bbox=box)
    names = {"pca": "principal direction", "tsne": "t-SNE dimension"}
    axes.set(xticks=[], yticks=[])
    if z.shape[1] != 2:
        axes.set(xlabel=f"first {names[method]}", ylabel=f"second {names[method]}")
    return axes
