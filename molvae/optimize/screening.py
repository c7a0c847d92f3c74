"""Search with a surrogate: arms propose many molecules, a Gaussian process chooses which are worth a call."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molvae.chem.fingerprints import morgan_counts
from molvae.optimize.climbs import PATIENCE, Climbs
from molvae.optimize.population import drawn_by_rank
from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal
from molvae.optimize.surrogate import Floats, GaussianProcess, conditioned, upper_std

_LOWEST_BETA = 0.01
_OF_CLIMB = 0.7  # share of rounds, after the first climb, that breed molecules of the present climb alone
_BLOCK = 500  # molecules put into a process at a time


@dataclass(frozen=True)
class PoolSize:
    """How many candidates a batch is chosen from."""

    per_pick: int = 20  # for each molecule of a batch
    least: int = 600  # for a batch, however small
    generations: int = 8  # rounds of breeding, in which the best candidates become parents of others
    network_generations: int = 2  # where only a network breeds, which is quick only for many molecules at once
    kept: int = 300  # that stay for the next batch

    def of_generations(self, picks: int, *, quick: bool) -> list[int]:
        """Return how many are bred at a time for a batch of so many molecules."""
        generations = self.generations if quick else self.network_generations
        return [max(self.least, self.per_pick * picks) // generations] * generations


class Pool(NamedTuple):
    """Candidates of one round, row by row."""

    proposals: list[Proposal]
    described: NDArray[Any]  # (n, ·)
    mean: Floats  # (n,)
    upper: Floats  # (n,), at least the standard deviation

    def __add__(self, other: Pool) -> Pool:  # type: ignore[override]
        return Pool(
            self.proposals + other.proposals, np.concatenate([self.described, other.described]),
            np.concatenate([self.mean, other.mean]), np.concatenate([self.upper, other.upper]),
        )  # fmt: skip


class SurrogateSearch:
    """Upper confidence bounds of a Gaussian process, maximized over molecules that arms propose in generations.

    The exploration weight of each place in a batch is drawn, β = 10^U(-2, 0), and each pick is taken for known to those
    after it, so that a batch does not ask the same question twice (doi:10.5555/2627435.2750368, GP-BUCB). Two molecules
    with one fingerprint, as those that differ only in stereo are, are one to the process, and only the first is called.

    Once a climb is over, another begins with new molecules, and most rounds breed only its own (`Climbs`); the others
    breed the best of all climbs.
    """

    def __init__(
        self,
        proposer: Proposer,
        *,
        process: GaussianProcess | None = None,
        describe: Callable[[Sequence[str]], NDArray[Any]] = morgan_counts,
        size: PoolSize | None = None,
        conditioned: bool = True,
        most: int = 12_000,
        patience: float = PATIENCE,
    ) -> None:
        """Take the arms.

        Args:
            proposer: with the arms.
            process: empty; None for one with the MinMax kernel.
            describe: from molecules to the rows of the process.
            size: of the pool.
            conditioned: whether a pick is taken for known to the next ones of its batch.
            most: molecules in the process; with more it goes on with the best half.
            patience: molecules in a row that bring nothing better, after which a climb is over; infinity for one climb.
        """
        self._proposer = proposer
        self._process = GaussianProcess() if process is None else process
        self._describe = describe
        self._size = PoolSize() if size is None else size
        self._conditioned = conditioned
        self._most = most
        self._scores: NDArray[np.float64] = np.zeros(0)  # of the molecules in the process, in its order
        self._known: list[NDArray[Any]] = []  # the rows that describe them
        self._seen: set[bytes] = set()  # rows of all molecules told
        self._climbs = Climbs(patience if proposer.explores else math.inf)
        self._is_flat = False  # whether all targets are equal
        # Good candidates of earlier rounds, with their rows: of the present climb, and of all molecules.
        self._reserves: dict[bool, list[tuple[Proposal, NDArray[Any]]]] = {True: [], False: []}

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before."""
        rng = self._proposer.begin_round()
        opening = self._proposer.opening(n, rng, uninformed=self._is_flat)
        if opening or not len(self._scores):
            return self._chosen(opening or self._proposer.offspring(n, rng), of_climb=True)
        if self._climbs.ended and self._climbs.joined < self._proposer.initial:
            begun = self._proposer.explored(n, rng)
            if begun:
                return self._chosen(begun, of_climb=True)
        of_climb = len(self._climbs) > 0 and (self._climbs.ended == 0 or rng.random() < _OF_CLIMB)
        pool = self._pool(n, rng, of_climb=of_climb)
        if not pool.proposals:
            return self._chosen(self._proposer.offspring(n, rng), of_climb=of_climb)
        rows = self._pick(pool, n, rng)
        return self._chosen([pool.proposals[row] for row in rows], of_climb=of_climb)

    def _chosen(self, proposals: list[Proposal], *, of_climb: bool) -> list[Proposal]:
        if of_climb:
            self._climbs.join(proposal.smiles for proposal in proposals)
        return self._proposer.chosen(proposals)

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        new = self._proposer.tell(rows)
        if not new:
            return
        described = self._describe([str(row.smiles) for row in new])
        self._seen.update(map(bytes, described))
        self._known += list(described)
        self._scores = np.append(self._scores, [row.score for row in new])
        if self._climbs.tell(new):
            self._reserves[True] = []
        self._is_flat = self._proposer.population.is_flat
        if len(self._known) > self._most:
            self._keep_best(self._most // 2)
        else:
            self._process.add(described)
        self._process.fit(scaled_targets(self._scores)[:, None])

    def _keep_best(self, count: int) -> None:
        """Begin the process again with the best molecules: its cost and memory grow with the square of their number."""
        kept = np.sort(np.argsort(-self._scores, kind="stable")[:count])
        self._scores, self._known = self._scores[kept], [self._known[row] for row in kept]
        self._process = self._process.emptied()
        for at in range(0, count, _BLOCK):
            self._process.add(np.stack(self._known[at : at + _BLOCK]))

    def _judged(self, proposals: Sequence[Proposal], seen: set[bytes], rows: Sequence[NDArray[Any]] = ()) -> Pool:
        """Return candidates, described by `rows` if these are known, with what the process says of them.

        Those described like one seen are left out.
        """
        described = np.stack(rows) if rows else self._describe([proposal.smiles for proposal in proposals])
        new = []
        for row, bytes_ in enumerate(map(bytes, described)):
            if bytes_ not in seen:
                seen.add(bytes_)
                new.append(row)
        described = described[new]
        similarities = self._process.kernel(described)
        upper = upper_std(similarities)
        mean = self._valued(self._process.mean(similarities), upper)
        return Pool([proposals[row] for row in new], described, mean, upper)

    def _valued(self, mean: Floats, deviation: Floats) -> Floats:
        """Return what a candidate is worth on average (n,), of what the process says of it, (n, ·) and (n,)."""
        return mean[:, 0]

    def _pool(self, n: int, rng: np.random.Generator, *, of_climb: bool) -> Pool:
        """Return candidates of several generations, in which the most promising ones become parents in turn.

        The first parents are molecules of the present climb, or of all.
        """
        seen = set(self._seen)
        known = self._proposer.population.known
        reserve = [(proposal, row) for proposal, row in self._reserves[of_climb] if proposal.smiles not in known]
        pool = self._judged([proposal for proposal, _ in reserve], seen, [row for _, row in reserve])
        climbers = self._climbs.ranked if of_climb and self._climbs.ended else None
        for generation, size in enumerate(self._size.of_generations(n, quick=self._proposer.breeds_quickly)):
            ranked = self._ranked(pool, rng) if generation else []

            def draw(count: int, ranked: list[str] = ranked) -> list[str]:
                inside = int(rng.binomial(count, 0.5)) if ranked else 0
                outside = count - inside
                drawn = (
                    self._proposer.population.draw(outside, rng)
                    if climbers is None
                    else drawn_by_rank(climbers, outside, rng)
                )
                parents = drawn_by_rank(ranked, inside, rng) + drawn
                return [parents[row] for row in rng.permutation(len(parents))]

            taken = {proposal.smiles for proposal in pool.proposals}
            found = self._proposer.candidates(size, draw, rng, besides=taken, quick=generation > 0)
            pool += self._judged(found, seen)
        order = np.argsort(-pool.mean, kind="stable")[: self._size.kept]
        self._reserves[of_climb] = [(pool.proposals[row], pool.described[row]) for row in order]
        return pool

    def _ranked(self, pool: Pool, rng: np.random.Generator) -> list[str]:
        order = np.argsort(-(pool.mean + draw_beta(rng) * pool.upper), kind="stable")[: self._size.kept]
        return [pool.proposals[row].smiles for row in order]

    def _pick(self, pool: Pool, n: int, rng: np.random.Generator) -> list[int]:
        """Return the rows of a batch, each the best left under its own exploration weight."""
        most = 100 + 2 * n  # exact deviations cost n² operations each
        hopeful = [np.argsort(-(pool.mean + beta * pool.upper), kind="stable")[:most] for beta in (_LOWEST_BETA, 1.0)]
        rows = np.unique(np.concatenate(hopeful))
        means = pool.mean[rows]
        return self._batch(pool, rows, n, lambda deviations: means + draw_beta(rng) * deviations)

    def _batch(self, pool: Pool, rows: NDArray[np.intp], n: int, worth: Callable[[Floats], Floats]) -> list[int]:
        """Return up to `n` of the `rows` of a pool, one after the other the best left.

        `worth` is asked once for each place, for the worth of all rows at their present deviations (rows,).
        """
        covariance = self._process.covariance(pool.described[rows])
        left = np.ones(len(rows), dtype=bool)
        picks: list[int] = []
        for _ in range(min(n, len(rows))):
            deviations = np.sqrt(np.clip(np.diag(covariance), 0, None))
            best = int(np.argmax(np.where(left, worth(deviations), -np.inf)))
            left[best] = False
            picks.append(int(rows[best]))
            if self._conditioned:
                covariance = conditioned(covariance, best, self._process.noise)
        return picks


def scaled_targets(scores: Floats) -> Floats:
    """Return scores on the scale of the process, whose mean is 0 and whose deviation is 1.

    Scores from 0 to 1 stay as they are; others are brought there. The mean is then that of a poor molecule, so that
    molecules unlike all good ones are not expected to be good.
    """
    low, high = scores.min(), scores.max()
    if low >= 0 and high <= 1:
        return scores
    scaled: Floats = (scores - low) / max(high - low, 1e-12)
    return scaled


def draw_beta(rng: np.random.Generator) -> float:
    """Return an exploration weight, 10^U(-2, 0)."""
    return float(_LOWEST_BETA ** rng.random())
