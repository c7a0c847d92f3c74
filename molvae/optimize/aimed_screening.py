"""Search with a surrogate for several goals at once, or within ranges of values that only a call tells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from molvae.chem.fingerprints import morgan_counts
from molvae.optimize.aims import SUM_WEIGHT, Aim, scalarized
from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.screening import Pool, SurrogateSearch, draw_beta, scaled_targets
from molvae.optimize.surrogate import Floats

_HOPEFUL = 20  # candidates for each place in a batch, the most promising under its weights


class AimedSearch(SurrogateSearch):
    """Upper confidence bounds of each goal, made one number by random weights, times the probability of feasibility.

    One process describes all goals and bounded values, also those of molecules that turned out infeasible. Each place
    in a batch draws its own weights and its own exploration weight (Paria et al., arXiv:1805.12168); the product with
    the probability that all values lie within their ranges is that of Gardner et al. (ICML 2014).
    """

    def __init__(self, proposer: Proposer, aim: Aim) -> None:
        """Take the arms, and what molecules are compared by."""
        super().__init__(proposer)
        self._aim = aim
        self._told: dict[str, Scored] = {}  # in the order of the process
        self._ranges: tuple[Floats, Floats] = np.zeros(0), np.zeros(0)  # of bounded values, as the process has them
        self._weights = aim.draw(np.random.default_rng(0))  # for breeding

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        self._proposer.tell(rows)
        new = {str(row.smiles): row for row in rows if row.smiles not in self._told and self._aim.is_known(row)}
        if not new:
            return
        described = morgan_counts(list(new))
        self._seen.update(map(bytes, described))
        self._process.add(described)
        self._told |= new
        self._scores = np.array([row.score for row in self._told.values()])
        goals = np.array([self._aim.targets(row) for row in self._told.values()])
        columns = [scaled_targets(goal) for goal in goals.T]
        bounded = np.array([self._aim.bounded(row) for row in self._told.values()])
        center, spread = bounded.mean(axis=0), np.maximum(bounded.std(axis=0), 1e-12)
        low, high = (np.array([getattr(rule, end) for rule in self._aim.ranges]) for end in ("low", "high"))
        self._ranges = (low - center) / spread, (high - center) / spread
        self._process.fit(np.column_stack([*columns, (bounded - center) / spread]))

    def _pool(self, n: int, rng: np.random.Generator, *, of_climb: bool) -> Pool:
        self._weights = self._aim.draw(rng)
        return super()._pool(n, rng, of_climb=of_climb)

    def _valued(self, mean: Floats, deviation: Floats) -> Floats:
        return self._worth(mean, deviation, self._weights, 0.0)

    def _pick(self, pool: Pool, n: int, rng: np.random.Generator) -> list[int]:
        """Return the rows of a batch, each the best left under its own weights."""
        places = [(self._aim.draw(rng), draw_beta(rng)) for _ in range(n)]
        means = self._process.mean(self._process.kernel(pool.described))
        hopeful = [np.argsort(-self._worth(means, pool.upper, *place), kind="stable")[:_HOPEFUL] for place in places]
        rows = np.unique(np.concatenate(hopeful))
        of_place = iter(places)
        return self._batch(pool, rows, n, lambda deviations: self._worth(means[rows], deviations, *next(of_place)))

    def _worth(self, mean: Floats, deviation: Floats, weights: Floats, beta: float) -> Floats:
        """Return what candidates with these means (p, outputs) and deviations (p,) are worth, from 0: (p,)."""
        goals = self._aim.goals
        optimistic = mean[:, :goals] + beta * deviation[:, None]
        worth = scalarized(optimistic, weights, (np.zeros(goals), np.ones(goals))) + (goals > 1) * (1 + SUM_WEIGHT)
        width = np.maximum(deviation, 1e-6)[:, None]
        low, high = ((end - mean[:, goals:]) / width for end in self._ranges)
        feasible: Floats = (ndtr(high) - ndtr(low)).prod(axis=1)
        return np.maximum(worth, 1e-9) * np.maximum(feasible, 1e-12)
