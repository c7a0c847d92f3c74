"""Parents for a search between several goals: each group of them is good under another weighting of the goals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molvae.optimize.aims import Aim, scalarized
from molvae.optimize.population import Population, drawn_by_rank
from molvae.optimize.scored import Scored

_GROUPS = 10  # of parents drawn at a time, each with weights of its own


class Compromises(Population):
    """A population whose best molecules are those of all trade-offs between the goals."""

    def __init__(self, aim: Aim) -> None:
        super().__init__()
        self._aim = aim
        self._smiles: list[str] = []
        self._targets: list[tuple[float, ...]] = []

    def add(self, rows: Sequence[Scored]) -> list[Scored]:
        """Take rows and return those that are new and have a score that counts."""
        taken = super().add(rows)
        self._smiles += [str(row.smiles) for row in taken]
        self._targets += [self._aim.targets(row) for row in taken]
        return taken

    def draw(self, n: int, rng: np.random.Generator) -> list[str]:
        """Return `n` molecules, in groups by the rank under random weights; none where nothing is known."""
        if not self._smiles:
            return []
        targets = np.array(self._targets)
        drawn: list[str] = []
        for group in np.array_split(np.arange(n), min(_GROUPS, max(n, 1))):
            order = np.argsort(-scalarized(targets, self._aim.draw(rng)), kind="stable")
            drawn += drawn_by_rank([self._smiles[row] for row in order], len(group), rng)
        return [drawn[row] for row in rng.permutation(n)]
