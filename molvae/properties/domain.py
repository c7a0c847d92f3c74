"""How strange a molecule is to a property model: its distance to the labelled molecules, as a share of known ones."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from molvae.model.domain import nearest_distance, share_as_strange
from molvae.properties.regressors import Array

_ROWS = 20_000  # training molecules that are remembered, drawn evenly: enough to say what is near


class Domain:
    """Where a property model has training molecules.

    One of the measures of `molvae.model.domain`, in standardized features: the mean distance to the nearest labelled
    molecules. Its score is the share of held-out ones that are at least as far.
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
    def _known(self) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(self.points))

    def distance(self, x: Array) -> Array:
        """Return the mean distance to the nearest training points, (n,)."""
        distances: Array = nearest_distance(torch.from_numpy(np.ascontiguousarray(x)), self._known).numpy()
        return distances

    def _nearest_others(self) -> Array:
        distances: Array = nearest_distance(self._known, self._known, leave_out_self=True).numpy()
        return distances

    def score(self, x: Array) -> Array:
        """Return the share of held-out molecules at least as far from the training set, above 0 and up to 1, (n,)."""
        return share_as_strange(self.distance(x), self.reference)
