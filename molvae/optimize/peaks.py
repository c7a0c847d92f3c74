"""Peaks that a search has climbed to the end. It leaves what is near them alone, so that it climbs others.

Around the best molecule that a search knows, there are always more that the surrogate cannot tell from better ones, so
that thousands of calls go to variants of one idea.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molvae.optimize.surrogate import Features, Floats

# Similarity to the best molecule of a peak from which on another belongs to it. Strangers have 0.1 to 0.2; above 0.3,
# an unusual core is shared, and from there a search only goes back to it.
_NEAR = 0.25
PATIENCE = 300  # molecules in a row that did not raise the mean of the best ten: the climb is over
_RISE = 0.005  # of the range of all scores; what raises the mean by less does not count
_TOP = 10


class Peaks:
    """The peaks that were left, and how the present climb is going."""

    def __init__(self, features: Callable[[], Features], patience: int = PATIENCE) -> None:
        """Take what makes an empty collection of features, and how many molecules in vain end a climb."""
        self._tops = features()
        self._patience = patience
        self._rows: list[NDArray[Any]] = []  # that describe all molecules told
        self._scores = np.zeros(0)
        self._outside: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # whether they are near no peak that was left
        self._height = -np.inf  # the mean of the best ten outside, when it last rose
        self._since = 0  # molecules told since then

    def __len__(self) -> int:
        """Return how many were left."""
        return len(self._tops)

    @property
    def outside(self) -> NDArray[np.intp]:
        """The molecules told that are near no peak that was left, the best first, by their place."""
        places = np.flatnonzero(self._outside)
        return places[np.argsort(-self._scores[places], kind="stable")]

    def are_outside(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell of molecules (n, ·) whether they are near no peak that was left (n,)."""
        if not len(self) or not len(rows):
            return np.ones(len(rows), dtype=bool)
        outside: NDArray[np.bool_] = self._tops.similarities(rows).max(axis=1) < _NEAR
        return outside

    def tell(self, rows: NDArray[Any], scores: Floats) -> None:
        """Take new molecules (n, ·) with their scores (n,); where the climb is over, its peak is left."""
        self._rows += list(rows)
        self._scores = np.append(self._scores, scores)
        self._outside = np.append(self._outside, self.are_outside(rows))
        self._since += len(rows)
        if self._mean_of_best() > self._height + _RISE * np.ptp(self._scores):
            self._climb_from_here()
        elif self._since >= self._patience and self._outside.any():
            self._tops.add(self._rows[self.outside[0]][None])
            self._outside = self.are_outside(np.stack(self._rows))
            self._climb_from_here()

    def _climb_from_here(self) -> None:
        self._height, self._since = self._mean_of_best(), 0

    def _mean_of_best(self) -> float:
        best = self._scores[self.outside[:_TOP]]
        return float(best.mean()) if len(best) else -np.inf
