"""The molecules that a search knows, the best first, and how parents are drawn from them."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence

import numpy as np

from molvae.optimize.scored import Scored

Draw = Callable[[int], list[str]]  # so many parents, as canonical SMILES


class Population:
    """What was told, and what was proposed."""

    def __init__(self) -> None:
        self.known: set[str] = set()  # molecules not to be proposed again
        self._ranked: list[tuple[float, int, str]] = []  # (-score, order of arrival, molecule), sorted
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._ranked)

    def add(self, rows: Sequence[Scored]) -> list[Scored]:
        """Take rows and return those that are new and have a score that counts."""
        taken = []
        scored = {smiles for _, _, smiles in self._ranked}
        for row in rows:
            if row.smiles is None:
                continue
            self.known.add(row.smiles)
            if row.contends and row.smiles not in scored:
                scored.add(row.smiles)
                bisect.insort(self._ranked, (-row.score, self._arrivals, row.smiles))
                self._arrivals += 1
                taken.append(row)
        return taken

    @property
    def is_flat(self) -> bool:
        """Whether all scores are equal, so that there is nothing to learn from them."""
        return not self._ranked or self._ranked[0][0] == self._ranked[-1][0]

    def best(self, n: int) -> list[str]:
        """Return the best `n` molecules, the best first."""
        return [smiles for _, _, smiles in self._ranked[:n]]

    def score_of_rank(self, rank: int) -> float:
        """Return the score of the molecule of this rank, from 0, or minus infinity where there are fewer."""
        return -self._ranked[rank][0] if rank < len(self._ranked) else -np.inf

    def draw(self, n: int, rng: np.random.Generator) -> list[str]:
        """Return `n` molecules with a log-uniform rank; none where nothing is known."""
        return drawn_by_rank([smiles for _, _, smiles in self._ranked], n, rng)


def drawn_by_rank(ranked: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """Return `n` of the molecules, the best first, with a log-uniform rank: all scales of greed at once.

    >>> drawn_by_rank(["best", "second"], 3, np.random.default_rng(0))
    ['second', 'best', 'best']
    """
    if not ranked:
        return []
    ranks = np.exp(rng.random(n) * np.log(len(ranked) + 1)).astype(np.intp) - 1
    return [ranked[rank] for rank in np.minimum(ranks, len(ranked) - 1)]
