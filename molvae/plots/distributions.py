"""A property of generated molecules beside a reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molvae import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = (12, 60)  # fewest and most
PROPERTY_LABELS = {
    "logp": "logP", "sa": "SA score", "sa_score": "SA score", "qed": "QED", "weight": "molecular weight (g/mol)",
    "molecular_weight": "molecular weight (g/mol)", "tpsa": "TPSA (Å²)",
}  # fmt: skip


def property_histogram(groups: Mapping[str, ArrayLike], label: str = "", *, axes: Axes | None = None) -> Axes:
    """Draw how a property is spread in several groups of molecules; the first, filled, is what the others are held to.

    Args:
        groups: numbers (n,) by name, such as {"MOSES": …, "samples": …}; NaN is left out.
        label: what the numbers are, with their unit; "logp", "qed" and other descriptors are written out.
        axes: where to draw; None makes them.

    Raises:
        ValueError: no groups, or none with a number.
        MissingExtraError: matplotlib is not installed.
    """
    numbers = {name: _finite(values) for name, values in groups.items()}
    if not any(map(len, numbers.values())):
        raise ValueError("groups must hold at least one number, got none")
    axes = style.axes_or_new(axes, 4.6, 3.4)
    inner = without_tails(np.concatenate(list(numbers.values())))
    smallest = min(len(values) for values in numbers.values() if len(values))
    bins = int(np.clip(2 * np.sqrt(smallest), *_BINS))  # a hundred molecules in sixty bins are noise
    edges = np.histogram_bin_edges(inner, bins=bins).tolist()
    for index, (name, values) in enumerate(numbers.items()):
        caption = f"{name} ({len(values):,})"
        if not len(values):
            continue
        if index == 0:
            axes.hist(values, bins=edges, density=True, color=style.GREY, alpha=0.5, label=caption)
        else:
            color, line = style.PALETTE[(index - 1) % 6], style.LINES[(index - 1) % 6]
            axes.hist(values, bins=edges, density=True, histtype="step", color=color, ls=line, lw=1.5, label=caption)
    axes.set(xlabel=PROPERTY_LABELS.get(label, label), ylabel="density", yticks=[])
    axes.legend(fontsize=7)
    return axes


def without_tails(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values between the quantiles 0.1 % and 99.9 %, so that one odd molecule does not flatten the rest."""
    low, high = np.quantile(values, [0.001, 0.999])
    inside: NDArray[np.float64] = values[(values >= low) & (values <= high)]
    return inside


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64).ravel()
    finite: NDArray[np.float64] = numbers[np.isfinite(numbers)]
    return finite
