"""Search with a surrogate: arms propose many molecules, a Gaussian process chooses which are worth a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from molvae.chem.fingerprints import morgan_counts
from molvae.optimize.population import drawn_by_rank
from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal
from molvae.optimize.surrogate import Counts, Floats, MinMaxProcess, upper_std

_LOWEST_BETA = 0.01


class _Pool(NamedTuple):
    """Candidates of one round, row by row."""

    proposals: list[Proposal]
    counts: Counts  # (n, bits)
    mean: Floats  # (n,)
    upper: Floats  # (n,), at least the standard deviation

    def __add__(self, other: _Pool) -> _Pool:  # type: ignore[override]
        return _Pool(
            self.proposals + other.proposals, np.concatenate([self.counts, other.counts]),
            np.concatenate([self.mean, other.mean]), np.concatenate([self.upper, other.upper]),
        )  # fmt: skip


class SurrogateSearch:
    """Upper confidence bounds of a Gaussian process, maximized over molecules that arms propose in generations.

    The exploration weight of each place in a batch is drawn, β = 10^U(-2, 0). Two molecules with one fingerprint, as
    those that differ only in stereo are, are one to the process, and only the first is called.
    """

    def __init__(
        self, proposer: Proposer, *, per_pick: int = 30, least: int = 300, generations: int = 3, kept: int = 300
    ) -> None:
        """Take the arms.

        Args:
            proposer: with the arms.
            per_pick: candidates for each molecule of a batch.
            least: candidates for a batch, however small.
            generations: times that the best candidates become parents of others within a round.
            kept: candidates that stay for the next round.
        """
        self._proposer = proposer
        self._per_pick, self._least, self._generations, self._kept = per_pick, least, generations, kept
        self._process = MinMaxProcess()
        self._scores: list[float] = []  # of the molecules in the process, in its order
        self._prints: set[bytes] = set()
        self._reserve: list[Proposal] = []

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before."""
        rng = self._proposer.begin_round()
        opening = self._proposer.opening(n, rng)
        if opening or not self._scores:
            return self._proposer.chosen(opening or self._proposer.offspring(n, rng))
        pool = self._pool(n, rng)
        if not pool.proposals:
            return self._proposer.chosen(self._proposer.offspring(n, rng))
        rows = self._pick(pool, n, rng)
        return self._proposer.chosen([pool.proposals[row] for row in rows])

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        new = self._proposer.tell(rows)
        if not new:
            return
        counts = morgan_counts([str(row.smiles) for row in new])
        self._prints.update(map(bytes, counts))
        self._process.add(counts)
        self._scores += [row.score for row in new]
        self._process.fit(_targets(np.array(self._scores))[:, None])

    def _judged(self, proposals: Sequence[Proposal], prints: set[bytes]) -> _Pool:
        """Return candidates with what the process says of them; those with a known fingerprint are left out."""
        counts = morgan_counts([proposal.smiles for proposal in proposals])
        new = []
        for row, print_ in enumerate(map(bytes, counts)):
            if print_ not in prints:
                prints.add(print_)
                new.append(row)
        counts = counts[new]
        similarities = self._process.kernel(counts)
        mean = self._process.mean(similarities)[:, 0]
        return _Pool([proposals[row] for row in new], counts, mean, upper_std(similarities))

    def _pool(self, n: int, rng: np.random.Generator) -> _Pool:
        """Return candidates of several generations, in which the most promising ones become parents in turn."""
        prints = set(self._prints)
        known = self._proposer.population.known
        pool = self._judged([proposal for proposal in self._reserve if proposal.smiles not in known], prints)
        total = max(self._least, self._per_pick * n)
        for generation in range(self._generations):
            ranked = self._ranked(pool, rng) if generation else []

            def draw(count: int, ranked: list[str] = ranked) -> list[str]:
                inside = int(rng.binomial(count, 0.5)) if ranked else 0
                parents = drawn_by_rank(ranked, inside, rng) + self._proposer.population.draw(count - inside, rng)
                return [parents[row] for row in rng.permutation(len(parents))]

            taken = {proposal.smiles for proposal in pool.proposals}
            found = self._proposer.candidates(total // self._generations, draw, rng, besides=taken)
            pool += self._judged(found, prints)
        self._reserve = [pool.proposals[row] for row in np.argsort(-pool.mean, kind="stable")[: self._kept]]
        return pool

    def _ranked(self, pool: _Pool, rng: np.random.Generator) -> list[str]:
        order = np.argsort(-(pool.mean + _beta(rng) * pool.upper), kind="stable")[: self._kept]
        return [pool.proposals[row].smiles for row in order]

    def _pick(self, pool: _Pool, n: int, rng: np.random.Generator) -> list[int]:
        """Return the rows of a batch, each the best left under its own exploration weight."""
        most = 100 + 2 * n  # exact deviations cost n² operations each
        hopeful = [np.argsort(-(pool.mean + beta * pool.upper), kind="stable")[:most] for beta in (_LOWEST_BETA, 1.0)]
        rows = np.unique(np.concatenate(hopeful))
        deviations = self._process.std(self._process.kernel(pool.counts[rows]))
        means, left = pool.mean[rows], np.ones(len(rows), dtype=bool)
        picks: list[int] = []
        for _ in range(min(n, len(rows))):
            bound = np.where(left, means + _beta(rng) * deviations, -np.inf)
            best = int(np.argmax(bound))
            left[best] = False
            picks.append(int(rows[best]))
        return picks


def _targets(scores: Floats) -> Floats:
    """Return scores on the scale of the process, whose mean is 0 and whose deviation is 1.

    Scores from 0 to 1 stay as they are; others are brought there. The mean is then that of a poor molecule, so that
    molecules unlike all good ones are not expected to be good.
    """
    low, high = scores.min(), scores.max()
    if low >= 0 and high <= 1:
        return scores
    scaled: Floats = (scores - low) / max(high - low, 1e-12)
    return scaled


def _beta(rng: np.random.Generator) -> float:
    return float(_LOWEST_BETA ** rng.random())
