"""How strange a molecule is to a property model: its distance to the training molecules, as a share of known ones."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from sklearn.neighbors import NearestNeighbors

from molvae.properties.regressors import Array

NEIGHBORS = 5
_ROWS = 20_000  # training molecules that are remembered, drawn evenly: enough to say what is near


class Domain:
    """Where a model has training molecules.

    The distance of a molecule is the mean over its `NEIGHBORS` nearest training molecules, in standardized features.
    Its score is the share of held-out molecules that are at least as far: 1 in the middle of what is known, 0.05 where
    only 5 % of molecules like the training set are stranger, 1 / (held out + 1) beyond all of them. For molecules
    drawn as the held-out ones were it is a conformal p-value (Laxhammar & Falkman, doi:10.1007/s10472-013-9381-7).
    """

    def __init__(self, points: Array, reference: Array) -> None:
        """Take training points (n, D) and the sorted distances of held-out molecules (m,)."""
        self.points, self.reference = points, reference

    @classmethod
    def fit(cls, points: Array, held_out: Array) -> Domain:
        """Learn from training points (n, D) and others (m, D) that set the scale.

        With fewer than two others, the training points do, each against the rest.
        """
        every = -(-len(points) // _ROWS)
        domain = cls(points[::every], np.empty(0))
        alone = len(held_out) < 2
        distances = domain._nearest_others() if alone else domain.distance(held_out)
        return cls(domain.points, np.sort(distances))

    @cached_property
    def _search(self) -> NearestNeighbors:
        return NearestNeighbors(n_neighbors=min(NEIGHBORS, len(self.points))).fit(self.points)

    def distance(self, x: Array) -> Array:
        """Return the mean distance to the nearest training points, (n,)."""
        distances, _ = self._search.kneighbors(x)
        mean: Array = distances.mean(axis=1)
        return mean

    def _nearest_others(self) -> Array:
        if len(self.points) < 2:
            return np.zeros(1)
        distances, _ = self._search.kneighbors(n_neighbors=min(NEIGHBORS, len(self.points) - 1))
        mean: Array = distances.mean(axis=1)
        return mean

    def score(self, x: Array) -> Array:
        """Return the share of held-out molecules at least as far from the training set, above 0 and up to 1, (n,)."""
        tolerance = 1e-9 * self.reference[-1]  # a molecule asked for alone or among others has one score
        farther = len(self.reference) - np.searchsorted(self.reference, self.distance(x) - tolerance)
        score: Array = (1 + farther) / (1 + len(self.reference))
        return score
