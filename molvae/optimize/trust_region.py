"""TuRBO in latent space: a process and a trust region around the best molecule, which grows and shrinks by success.

Eriksson et al., arXiv:1910.01739; in the latent space of a VAE, Maus et al., arXiv:2201.11872, who also train the VAE
along, which is not done here. Constraints as in arXiv:2002.08526. Lengths are in standard deviations of the molecules
of the model, of which a unit cube of the paper holds six.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats.qmc import Sobol

from molvae.optimize.latent_process import LatentProcess
from molvae.optimize.latent_record import Floats, LatentRecord
from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal

ARM = "trust-region"
_FIRST, _SHORTEST, _LONGEST = 0.8 * 6, 6 / 2**7, 1.6 * 6
_SUCCESSES = 3  # rounds in a row that bring a better molecule, until the region doubles
_MOVED = 20  # axes along which a candidate differs from the center, on average
_GAIN = 1e-3  # of the best score, at least, makes a better molecule
_LEAST = 4  # molecules with a score before a process is fitted
_TURNS = 4  # of drawing, each twice as wide, until there are candidates enough


class TrustRegionSearch:
    """Thompson sampling within a trust region; a region that has become too small is left for a new one."""

    def __init__(self, proposer: Proposer, record: LatentRecord, *, initial: int, candidates: int = 300) -> None:
        """Take what draws the molecules that a region begins with, and where points and scores are kept.

        Args:
            proposer: with arms that need no parents.
            record: of points and scores.
            initial: molecules with a score that a region begins with.
            candidates: points drawn for a batch.
        """
        self._proposer, self._record = proposer, record
        self._initial, self._candidates = initial, candidates
        self._process: LatentProcess | None = None
        self._length = _FIRST
        self._successes = self._failures = 0  # rounds in a row
        self._since = 0  # rows of the record before which are not of this region
        self._asked = False  # whether answers to molecules of the region are awaited

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before."""
        rng = self._proposer.begin_round()
        first = self._proposer.opening(n, rng)
        if first or len(self._own()) < max(_LEAST, self._initial if self._since else 0):
            return self._proposer.chosen(first or self._proposer.offspring(n, rng))
        center = self._center(self._record.aim.draw(rng))
        proposals, points = self._record.encoded(self._drawn(center, n, rng))
        if not proposals:  # the decoder does not tell the points of so small a region from each other
            self._begin()
            return self._proposer.chosen(self._proposer.offspring(n, rng))
        seed = int(rng.integers(2**31))
        self._process = LatentProcess(self._record, self._own(), before=self._process, seed=seed)
        self._asked = True
        return self._proposer.chosen([proposals[row] for row in self._process.sampled(points, n, rng)])

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        before = self._best()
        known = len(self._record)
        self._proposer.tell(rows)
        self._record.tell(rows)
        if not self._asked or len(self._record) == known:
            return
        self._asked = False
        better = (self._best() > before + _GAIN * np.abs(before)).any()
        self._successes = self._successes + 1 if better else 0
        self._failures = 0 if better else self._failures + 1
        patience = max(4.0, self._record.points.shape[1] / len(rows))  # rounds, the paper's
        if self._successes == _SUCCESSES:
            self._length = min(2 * self._length, _LONGEST)
            self._successes = 0
        elif self._failures >= patience:
            self._length /= 2
            self._failures = 0
            if self._length < _SHORTEST:
                self._begin()

    def _begin(self) -> None:
        """Leave the region for a new one that knows nothing of it."""
        self._since, self._length, self._process = len(self._record), _FIRST, None
        self._successes = self._failures = 0
        self._asked = False

    def _own(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return np.arange(self._since, len(self._record))

    def _best(self) -> Floats:
        """Return the highest value of each goal in this region, (goals,)."""
        rows = self._own()[self._record.feasible[self._since :]]
        lowest = np.full((1, self._record.aim.goals), -np.inf)
        best: Floats = np.concatenate([lowest, self._record.targets[rows]]).max(axis=0)
        return best

    def _center(self, weights: Floats) -> int:
        """Return the row of the best molecule of the region, or, where none is feasible, of the latest."""
        ranked = self._record.ranked(weights)
        inside = ranked[ranked >= self._since]
        return int(inside[0]) if len(inside) else len(self._record) - 1

    def _drawn(self, center: int, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Return new molecules of the region."""
        parent, latent = self._record.smiles[center], self._record.latent
        (posterior,) = latent.posteriors([parent])  # around the point that it was decoded from
        assert posterior is not None  # the record has only what the model takes
        middle = latent.whiten(posterior.mean[None].astype(np.float64))
        found: dict[str, Proposal] = {}
        for turn in range(_TURNS):
            length = min(self._length * 2**turn, _LONGEST)
            moved = self._moves(middle.shape[1], length, rng)
            decoded = latent.decode(latent.unwhiten(self._record.hold(middle + moved, middle)))
            drawn = [Proposal(text, ARM, (parent,)) for text in decoded if text is not None and text != parent]
            found |= {proposal.smiles: proposal for proposal in self._proposer.admitted(drawn, found)}
            if len(found) >= n:
                break
        return list(found.values())

    def _moves(self, axes: int, length: float, rng: np.random.Generator) -> Floats:
        """Return steps from the center, along some axes each, (candidates, axes)."""
        count = 2 ** math.ceil(math.log2(self._candidates))
        steps = (Sobol(axes, rng=rng).random(count)[: self._candidates] - 0.5) * length
        mask = rng.random(steps.shape) < min(1.0, _MOVED / axes)
        mask[np.arange(len(mask)), rng.integers(axes, size=len(mask))] = True  # one at least
        moves: Floats = steps * mask
        return moves
