"""Gradient search: Adam on z through property heads that are fitted to what has been scored.

Gómez-Bombarelli et al., arXiv:1610.02415. Each climb follows one of several heads, each fitted to a random part,
so that a batch spreads where heads disagree (Thompson sampling; Osband et al., arXiv:1602.04621).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from molvae.optimize.aims import SUM_WEIGHT
from molvae.optimize.ascent import ascend
from molvae.optimize.latent_record import LatentRecord
from molvae.optimize.population import drawn_by_rank
from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal
from molvae.properties.head import PropertyHead

ARM = "gradient"
_LEAST = 4  # molecules with a score before heads are fitted
_HEADS, _HIDDEN = 8, (64,)
_SEEN = 0.632  # share of the molecules that each head is fitted to, as in a bootstrap sample
_FIT_STEPS, _FIT_RATE, _FIT_ROWS, _DECAY = 50, 3e-3, 256, 1.0  # of each round, which goes on from the last one
_STEPS, _RATE, _EVERY = 40, 0.05, 4  # of a climb: 10 points on the way, at most 2 standard deviations along each axis
_CLIMBS, _MOST = 6, 120  # for each place in a batch, and in all


class GradientSearch:
    """Climbs from good molecules, of which the best that are met on the way are scored.

    Constraints that only need the structure hold on the way too: of a climb from a molecule that others must be similar
    to (`SimilarTo`), the part that is similar enough counts.
    """

    def __init__(self, proposer: Proposer, record: LatentRecord) -> None:
        """Take the arms that find what heads are first fitted to, and where points and scores are kept."""
        self._proposer, self._record = proposer, record
        self._head: PropertyHead | None = None
        self._seen = np.zeros((0, _HEADS), dtype=bool)  # which molecules of the record each head is fitted to

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before."""
        rng = self._proposer.begin_round()
        first = self._proposer.opening(n, rng)
        if len(first) < n and len(self._record) >= _LEAST and self._record.feasible.any():
            first += self._climbed(n - len(first), {proposal.smiles for proposal in first}, rng)
        return self._proposer.chosen(first or self._proposer.offspring(n, rng))

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        self._proposer.tell(rows)
        self._record.tell(rows)

    def _climbed(self, n: int, besides: set[str], rng: np.random.Generator) -> list[Proposal]:
        """Return `n` molecules from climbs, each the best that one head sees in what all climbs met."""
        record, count = self._record, min(_CLIMBS * n, _MOST)
        predict = self._fitted(rng)
        aims = np.stack([record.aim.draw(rng) for _ in range(count)])
        heads = rng.integers(_HEADS, size=count)
        parents = [
            drawn_by_rank([record.smiles[row] for row in record.ranked(weights)], 1, rng)[0] for weights in aims
        ]  # fmt: skip
        posteriors = record.latent.posteriors(parents)
        starts = record.latent.whiten(np.stack([known.mean for known in posteriors if known is not None]))
        climbs = torch.arange(count), torch.from_numpy(heads)
        weights = torch.from_numpy(aims)
        passed = ascend(lambda x: _scalarized(predict(x)[climbs], weights, record), starts, hold=record.hold,
                        steps=_STEPS, rate=_RATE, every=_EVERY)  # fmt: skip
        decoded = record.latent.decode(record.latent.unwhiten(passed.reshape(-1, starts.shape[1])))
        met = [
            Proposal(text, ARM, (parent,)) for text, parent in zip(decoded, parents * len(passed), strict=True)
            if text is not None and text != parent
        ]  # fmt: skip
        proposals, points = record.encoded(self._proposer.admitted(met, besides))
        picks: list[int] = []
        with torch.no_grad():
            judged = predict(torch.from_numpy(points))
        for place in range(min(n, len(proposals))):
            values = _scalarized(judged[:, heads[place]], weights[place], record)
            values[picks] = -torch.inf
            picks.append(int(values.argmax()))
        return [proposals[row] for row in picks]

    def _fitted(self, rng: np.random.Generator) -> Callable[[Tensor], Tensor]:
        """Return what each head predicts of whitened points (n, D): (n, heads, goals)."""
        record, goals = self._record, self._record.aim.goals
        drawn = rng.random((len(record) - len(self._seen), _HEADS)) < _SEEN
        self._seen = np.concatenate([self._seen, drawn])
        seen = self._seen | (np.arange(len(record)) < 2)[:, None]  # the scale of each head needs some
        labels = np.where(seen[:, :, None], record.targets[:, None], np.nan).reshape(len(record), -1)
        points = torch.from_numpy(record.points).float()
        if self._head is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(rng.integers(2**31)))
                self._head = PropertyHead(points.shape[1], _HEADS * goals, hidden=_HIDDEN)
        head = self._head.requires_grad_().standardize(record.points, labels)
        optimizer = torch.optim.AdamW(head.parameters(), lr=_FIT_RATE, weight_decay=_DECAY)
        for _ in range(_FIT_STEPS):
            rows = rng.permutation(len(points))[:_FIT_ROWS]
            loss = head.loss(points[rows], torch.from_numpy(labels[rows]).float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        head.requires_grad_(False)
        return lambda x: head(x.float()).double().unflatten(1, (_HEADS, goals))


def _scalarized(targets: Tensor, weights: Tensor, record: LatentRecord) -> Tensor:
    """Return what `aims.scalarized` does, of predictions (n, goals) and weights (goals,) or (n, goals): (n,)."""
    if targets.shape[1] == 1:
        return targets[:, 0]
    low, high = (torch.from_numpy(edge) for edge in (record.targets.min(axis=0), record.targets.max(axis=0)))
    lack = weights * (high - targets) / (high - low).clamp(min=1e-12)
    return -lack.amax(dim=1) - SUM_WEIGHT * lack.sum(dim=1)
