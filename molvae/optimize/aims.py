"""What a strategy strives for: the score, or all trade-offs between several goals, within ranges of values.

Of several goals every trade-off is looked for at once: each place in a batch gets random weights, under which an
augmented Chebyshev scalarization makes one number of all goals (Knowles, doi:10.1109/TEVC.2005.851274; Paria et al.,
arXiv:1805.12168).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molvae.optimize.constraints import ValueRange
from molvae.optimize.scored import Scored

SUM_WEIGHT = 0.05  # of the sum beside the worst goal; Knowles's

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Aim:
    """What molecules are compared by."""

    goals: int = 1  # goals between which all trade-offs are looked for; 1 for the score alone
    ranges: tuple[ValueRange, ...] = ()  # within which values must lie that only a call tells

    def targets(self, row: Scored) -> tuple[float, ...]:
        """Return what is to be maximized: the score, or each goal."""
        return row.wanted if self.goals > 1 else (row.score,)

    def bounded(self, row: Scored) -> tuple[float, ...]:
        """Return the values that must lie within the ranges, NaN where one is missing."""
        return tuple(row.values.get(rule.name, math.nan) for rule in self.ranges)

    def is_known(self, row: Scored) -> bool:
        """Tell whether a molecule has all that is compared, though it may be infeasible."""
        return row.status == "scored" and all(map(math.isfinite, (*self.targets(row), *self.bounded(row))))

    def draw(self, rng: np.random.Generator) -> Floats:
        """Return random weights of the goals (goals,), which sum to 1; those of the score are always 1."""
        return rng.dirichlet(np.ones(self.goals)) if self.goals > 1 else np.ones(1)


SCORE = Aim()


def scalarized(targets: Floats, weights: Floats, edges: tuple[Floats, Floats] | None = None) -> Floats:
    """Return one number for each row of `targets` (n, goals), more is better, for `weights` (goals,): (n,).

    Each goal is brought to 0 to 1 by its `edges`, lowest and highest value (goals,), here those of the rows; the number
    is 0 where all are highest, and -1.05 at the least. A single goal stays as it is.

    >>> scalarized(np.array([[0.0, 5.0], [1.0, 1.0], [0.5, 4.0]]), np.array([0.5, 0.5])).round(2).tolist()
    [-0.52, -0.52, -0.27]
    """
    if targets.shape[1] == 1:
        return targets[:, 0]
    low, high = edges if edges is not None else (targets.min(axis=0), targets.max(axis=0))
    lack = weights * (high - targets) / np.maximum(high - low, 1e-12)
    number: Floats = -lack.max(axis=1) - SUM_WEIGHT * lack.sum(axis=1)
    return number
