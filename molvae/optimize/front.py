"""How much of the space of several goals a search has come to command: the hypervolume of its front.

It is the volume that the molecules found dominate, down to a reference point (Zitzler & Thiele,
doi:10.1109/4235.797969): it grows with every molecule that no other one beats, and with nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molvae.optimize.extras import bo_extra

Floats = NDArray[np.float64]


def pareto_front(wanted: Floats) -> list[int]:
    """Return the rows of `wanted` (n, goals), more is better, that no other row equals or beats in all goals.

    Of equal rows the first is returned.

    >>> pareto_front(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.5], [1.0, 0.0]]))
    [0, 1]
    """
    front: list[int] = []
    for row in np.lexsort(-wanted.T[::-1]) if wanted.size else []:
        if not any((wanted[other] >= wanted[row]).all() for other in front):
            front.append(int(row))
    return sorted(front)


def reference_point(wanted: Floats) -> Floats:
    """Return what volumes are measured from (goals,), of rows (n, goals), NaN left out.

    It is 0 in goals that lie between 0 and 1, so that searches can be compared, and in others the lowest value.
    """
    low, high = np.nanmin(wanted, axis=0), np.nanmax(wanted, axis=0)
    reference: Floats = np.where((low >= 0) & (high <= 1), 0.0, low)
    return reference


def hypervolumes(wanted: Floats, reference: Floats | None = None) -> Floats:
    """Return after each row of `wanted` (n, goals) the hypervolume of the rows so far, (n,); it never falls.

    Rows with NaN count for nothing. `reference` (goals,) is `reference_point` by default.

    Raises:
        MissingExtraError: BoTorch, which computes it, is not installed.

    >>> hypervolumes(np.array([[1.0, 0.5], [np.nan, np.nan], [0.5, 1.0], [0.1, 0.1]])).tolist()
    [0.5, 0.5, 0.75, 0.75]
    """
    with bo_extra("botorch"):
        import torch
        from botorch.utils.multi_objective.hypervolume import Hypervolume

    volumes = np.zeros(len(wanted))
    if np.isnan(wanted).any(axis=1).all():
        return volumes
    reference = reference_point(wanted) if reference is None else reference
    measure = Hypervolume(torch.tensor(reference))
    front, volume = wanted[:0], 0.0
    for index, row in enumerate(wanted):
        if not np.isnan(row).any() and not (front >= row).all(axis=1).any():
            front = np.concatenate([front[~(front <= row).all(axis=1)], row[None]])
            volume = float(measure.compute(torch.from_numpy(front)))
        volumes[index] = volume
    return volumes
