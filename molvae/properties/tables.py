"""What comes in as tables: labels with gaps and names, and how features are brought to one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from molvae.properties.regressors import Array


def label_table(y: Any, rows: int) -> Array:
    """Return labels as a table (n, T), NaN where one is missing.

    Raises:
        ValueError: not numbers, infinite, or not one row for each of `rows`.
    """
    labels = check_array(
        y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y", ensure_min_samples=0
    )
    check_consistent_length(labels, range(rows))
    table: Array = labels.reshape(rows, -1)
    return table


def target_names(y: Any, count: int) -> tuple[str, ...]:
    """Return the names of `count` labels: those of a frame or series, else y, or y0, y1, ….

    >>> target_names([[1.0, 2.0]], 2)
    ('y0', 'y1')
    """
    if hasattr(y, "columns"):
        return tuple(map(str, y.columns))
    if count == 1:
        return (str(getattr(y, "name", None) or "y"),)
    return tuple(f"y{t}" for t in range(count))


def feature_scale(x: Array, blocks: Sequence[int], *, each: bool) -> Array:
    """Return what the columns of `x` (n, F) are divided by, (F,).

    The first of the `blocks` of columns, the latent dimensions, is divided by one number, the root mean square of its
    deviations, because their proportions say what matters; columns of other blocks, and with `each` all of them, by
    their own deviations. Blocks then count alike, however many columns they have.
    """
    deviation = x.std(axis=0)
    scale: Array = np.empty_like(deviation)
    start = 0
    for number, width in enumerate(blocks):
        part = slice(start, start + width)
        scale[part] = _block_scale(deviation[part], each=each or number > 0) * np.sqrt(width * len(blocks) / len(scale))
        start += width
    return scale


def _block_scale(deviation: Array, *, each: bool) -> Array:
    if not deviation.max() > 0:
        return np.ones_like(deviation)
    scale: Array = np.full_like(deviation, np.sqrt(np.mean(deviation**2)))
    if each:
        scale = np.maximum(deviation, 0.05 * deviation.max())  # what hardly varies must not be blown up
    return scale
