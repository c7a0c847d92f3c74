"""Climbs of a search: when one has come to its end, another begins with new molecules and breeds only its own.

Around the best molecule that a search knows, there are always more that the surrogate cannot tell from better ones, so
that thousands of calls can go to variants of one idea; and where a search ends up depends on the molecules that it
began with. The surrogate remembers what all climbs have found.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable

import numpy as np

from molvae.optimize.scored import Scored

PATIENCE = 300  # molecules in a row that did not raise the mean of the best ten: the climb is over
_RISE = 0.005  # of the range of all scores; what raises the mean by less does not count
_TOP = 10


class Climbs:
    """How the present climb is going."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """Take how many molecules in vain end a climb."""
        self._patience = patience
        self.ended = 0
        self._ranked: list[tuple[float, int, str]] = []  # (-score, order, molecule) of this climb, sorted
        self._proposed: set[str] = set()  # molecules of this climb
        self._low, self._high = np.inf, -np.inf  # of all scores
        self._height = -np.inf  # the mean of the best ten, when it last rose
        self._since = 0  # molecules of this climb told since then

    def __len__(self) -> int:
        """Return how many molecules of the present climb have a score."""
        return len(self._ranked)

    @property
    def joined(self) -> int:
        """How many molecules were taken into the present climb."""
        return len(self._proposed)

    @property
    def ranked(self) -> list[str]:
        """The molecules of the present climb with a score, the best first."""
        return [smiles for _, _, smiles in self._ranked]

    def join(self, smiles: Iterable[str]) -> None:
        """Take molecules that are to be scored into the present climb."""
        self._proposed.update(smiles)

    def tell(self, rows: Iterable[Scored]) -> bool:
        """Take new molecules with a score, and return whether the climb is over, so that the next one begins."""
        for row in rows:
            self._low, self._high = min(self._low, row.score), max(self._high, row.score)
            if row.smiles in self._proposed:
                bisect.insort(self._ranked, (-row.score, len(self._ranked), str(row.smiles)))
                self._since += 1
        mean = -float(np.mean([score for score, _, _ in self._ranked[:_TOP]])) if self._ranked else -np.inf
        if mean > self._height + _RISE * (self._high - self._low):
            self._height, self._since = mean, 0
        if self._since < self._patience:
            return False
        self.ended += 1
        self._ranked, self._proposed, self._height, self._since = [], set(), -np.inf, 0
        return True
