"""Bayesian optimization in latent space: log expected improvement of Gaussian processes on posterior means.

The acquisition (Ament et al., arXiv:2310.20708) is maximized over molecules, not over points: arms propose molecules,
its gradient leads from the most promising ones to others, and each is judged where the encoder puts it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molvae.optimize.ascent import ascend
from molvae.optimize.latent_process import LatentProcess
from molvae.optimize.latent_record import Floats, LatentRecord
from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal

ARM = "acquisition-ascent"
_LEAST = 4  # molecules with a score before a process is fitted
_CLIMBERS, _STEPS, _RATE, _EVERY = 12, 30, 0.1, 10  # a climb goes up to 3 standard deviations along each axis


class BayesianSearch:
    """Batches with the highest expected improvement among what latent arms and the gradient propose."""

    def __init__(self, proposer: Proposer, record: LatentRecord, *, per_pick: int = 20, least: int = 300) -> None:
        """Take the arms, the record, and how many candidates there are for each pick, and for a batch at least."""
        self._proposer, self._record = proposer, record
        self._per_pick, self._least = per_pick, least
        self._process: LatentProcess | None = None

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before."""
        rng = self._proposer.begin_round()
        first = self._proposer.opening(n, rng)
        if first or len(self._record) < _LEAST:
            return self._proposer.chosen(first or self._proposer.offspring(n, rng))
        process = self._fitted(rng)
        draw = self._proposer.draw_from(rng)
        proposals = self._proposer.candidates(max(self._least, self._per_pick * n), draw, rng)
        proposals, points = self._record.encoded(proposals)
        if proposals:
            climbed = self._climb(process, proposals, points, rng)
            more, new = self._record.encoded(
                self._proposer.admitted(climbed, {proposal.smiles for proposal in proposals})
            )
            proposals, points = proposals + more, np.concatenate([points, new])
        picked = [proposals[row] for row in process.pick(points, n, rng)]
        return self._proposer.chosen(picked or self._proposer.offspring(n, rng))

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        self._proposer.tell(rows)
        self._record.tell(rows)

    def _fitted(self, rng: np.random.Generator) -> LatentProcess:
        rows, seed = np.arange(len(self._record)), int(rng.integers(2**31))
        self._process = LatentProcess(self._record, rows, before=self._process, seed=seed)
        return self._process

    def _climb(
        self, process: LatentProcess, proposals: list[Proposal], points: Floats, rng: np.random.Generator
    ) -> list[Proposal]:
        """Return what lies uphill of the candidates that the processes like best."""
        rows = process.pick(points, _CLIMBERS, rng)
        starts = points[rows]
        improvement = process.improvement(self._record.aim.draw(rng))
        passed = ascend(
            lambda x: improvement(x[:, None]), starts, hold=self._record.hold, steps=_STEPS, rate=_RATE, every=_EVERY
        )
        decoded = self._record.latent.decode(self._record.latent.unwhiten(passed.reshape(-1, starts.shape[1])))
        parents = [proposals[row].smiles for row in rows] * len(passed)
        return [
            Proposal(text, ARM, (parent,)) for text, parent in zip(decoded, parents, strict=True)
            if text is not None and text != parent
        ]  # fmt: skip
