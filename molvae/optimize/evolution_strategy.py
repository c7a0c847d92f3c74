"""CMA-ES in whitened latent coordinates (Hansen, arXiv:1604.00772), by pycma."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from molvae.optimize.aims import scalarized
from molvae.optimize.extras import bo_extra
from molvae.optimize.latent_record import Floats, LatentRecord, held
from molvae.optimize.population import drawn_by_rank
from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal

with bo_extra("cma"):
    import cma

ARM = "cma-es"
_WIDTH = 0.3  # of the first steps along each axis, in standard deviations of the molecules of the model
_TURNS = 20  # generations that may bring nothing new until others are asked for molecules


class CovarianceSearch:
    """Generations of points around a mean that moves to the better half; each point is what it decodes to.

    A point that decodes to a molecule with a score costs no call, one that decodes to none, or to one that is refused,
    fails or is infeasible ranks last. The covariance stays diagonal (Ros & Hansen, doi:10.1007/978-3-540-87700-4_30):
    to learn all of it takes more calls than searches have.
    """

    def __init__(self, proposer: Proposer, record: LatentRecord) -> None:
        """Take what draws the molecules to begin with, and where points and scores are kept."""
        self._proposer, self._record = proposer, record
        self._engine: Any = None
        self._points: list[Floats] = []  # of the generation
        self._decoded: list[str | None] = []  # of the generation
        self._asked: tuple[str, ...] = ()  # molecules of the generation that are to be scored
        self._waiting: dict[str, None] = {}  # those of them that are not proposed yet
        self._told: dict[str, Scored] = {}
        self._parent = ""

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before."""
        rng = self._proposer.begin_round()
        first = self._proposer.opening(n, rng)
        if first or not len(self._record.ranked(self._record.aim.draw(rng))):
            return self._proposer.chosen(first or self._proposer.offspring(n, rng))
        for _ in range(_TURNS):
            if self._waiting:
                break
            if self._decoded and not self._finish(rng):
                return []  # the rest of the generation is with those who score it
            self._generate(rng)
        if not self._waiting:
            self._engine, self._decoded = None, []  # begin anew, somewhere else
            return self._proposer.chosen(self._proposer.offspring(n, rng))
        proposals = [Proposal(text, ARM, (self._parent,)) for text in list(self._waiting)[:n]]
        for proposal in proposals:
            del self._waiting[proposal.smiles]
        return self._proposer.chosen(proposals)

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        self._told |= {row.smiles: row for row in rows if row.smiles is not None}
        self._proposer.tell(rows)
        self._record.tell(rows)

    def _generate(self, rng: np.random.Generator) -> None:
        """Draw points until a generation is decoded."""
        self._rng = rng
        if self._engine is None:
            self._begin(rng)
        latent = self._record.latent
        self._points = [np.asarray(point) for point in self._engine.ask()]
        self._decoded = latent.decode(latent.unwhiten(held(np.stack(self._points), self._radius)))
        new = dict.fromkeys(text for text in self._decoded if text is not None and text not in self._told)
        admitted = self._proposer.admitted([Proposal(text, ARM, (self._parent,)) for text in new])
        self._waiting = dict.fromkeys(proposal.smiles for proposal in admitted)
        self._asked = tuple(self._waiting)

    def _begin(self, rng: np.random.Generator) -> None:
        """Begin at a molecule among the best."""
        ranked = self._record.ranked(self._record.aim.draw(rng))
        (self._parent,) = drawn_by_rank([self._record.smiles[row] for row in ranked], 1, rng)
        latent = self._record.latent
        (posterior,) = latent.posteriors([self._parent])  # around the point that it was decoded from
        assert posterior is not None  # the record has only what the model takes
        (mean,) = latent.whiten(posterior.mean[None].astype(np.float64))
        self._radius = max(latent.radius, float(np.linalg.norm(mean)))
        self._engine = cma.CMAEvolutionStrategy(mean, _WIDTH, {
            "CMA_diagonal": True, "randn": lambda *shape: self._rng.standard_normal(shape), "seed": np.nan,
            "verbose": -9, "verb_log": 0, "verb_disp": 0,
        })  # fmt: skip

    def _finish(self, rng: np.random.Generator) -> bool:
        """Give the generation its ranks, once every molecule of it was told of; tell whether that is so."""
        if any(smiles not in self._told for smiles in self._asked):
            return False
        aim = self._record.aim
        rows = [None if text is None else self._told.get(text) for text in self._decoded]
        good = [place for place, row in enumerate(rows) if row is not None and row.contends]
        losses = np.ones(len(rows))  # ranks count, not values
        if good:
            targets = np.array([aim.targets(row) for row in rows if row is not None and row.contends])
            values = scalarized(targets, aim.draw(rng))
            losses[good] = -rankdata(values)  # equal molecules, equal ranks
        self._engine.tell(self._points, losses.tolist())
        self._decoded = []
        if self._engine.stop():
            self._engine = None
        return True
