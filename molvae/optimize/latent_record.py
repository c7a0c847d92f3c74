"""Scored molecules as points of a latent space, for surrogates that stand on z."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molvae.optimize.aims import Aim, scalarized
from molvae.optimize.latent_arms import LatentMap
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal

Floats = NDArray[np.float64]


class LatentRecord:
    """Molecules with their points and what was found of them, row by row.

    A molecule stands at its own posterior mean, whichever point it was decoded from: so a point and a score cannot
    disagree. Those that the model refuses have no point and are left out.
    """

    def __init__(self, latent: LatentMap, aim: Aim) -> None:
        self.latent, self.aim = latent, aim
        self.smiles: list[str] = []
        self.points: Floats = np.zeros((0, latent.space.latent_dim))  # (n, D), whitened
        self.targets: Floats = np.zeros((0, aim.goals))  # (n, goals), more is better
        self.bounded: Floats = np.zeros((0, len(aim.ranges)))  # (n, ranges)
        self.feasible: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (n,)
        self._told: set[str] = set()

    def __len__(self) -> int:
        return len(self.smiles)

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take the rows that have a score, infeasible ones too, each once."""
        new = {str(row.smiles): row for row in rows if row.smiles not in self._told and self.aim.is_known(row)}
        self._told |= new.keys()
        points = self.project(list(new))
        kept = _known(points)
        taken = [row for row, known in zip(new.values(), kept, strict=True) if known]
        if not taken:
            return
        self.smiles += [str(row.smiles) for row in taken]
        self.points = np.concatenate([self.points, points[kept]])
        self.targets = np.concatenate([self.targets, [self.aim.targets(row) for row in taken]])
        self.bounded = np.concatenate([self.bounded, [self.aim.bounded(row) for row in taken]])
        self.feasible = np.concatenate([self.feasible, [row.feasible for row in taken]])

    def project(self, smiles: Sequence[str]) -> Floats:
        """Return the posterior means of molecules (n, D), whitened; NaN where the model refuses one."""
        if not smiles:
            return np.zeros((0, self.points.shape[1]))
        return self.latent.whiten(self.latent.space.encode(smiles).mean.astype(np.float64))

    def encoded(self, proposals: Sequence[Proposal]) -> tuple[list[Proposal], Floats]:
        """Return the proposals that the model does not refuse, with their points (n, D)."""
        points = self.project([proposal.smiles for proposal in proposals])
        known = _known(points)
        return [proposal for proposal, taken in zip(proposals, known, strict=True) if taken], points[known]

    def hold(self, points: Floats, starts: Floats) -> Floats:
        """Return points (n, D) pulled to where the aggregate posterior has mass, or where `starts` (n, D) are."""
        return held(points, np.maximum(np.linalg.norm(starts, axis=1, keepdims=True), self.latent.radius))

    def ranked(self, weights: Floats) -> NDArray[np.intp]:
        """Return the feasible rows, the best first."""
        rows = np.flatnonzero(self.feasible)
        if not len(rows):
            return rows
        return rows[np.argsort(-scalarized(self.targets[rows], weights), kind="stable")]


def held(points: Floats, radius: Floats | float) -> Floats:
    """Return points (n, D), those farther than `radius`, one or (n, 1), from the origin moved straight to it.

    >>> held(np.array([[3.0, 4.0], [0.6, 0.8]]), 2.5).round(2).tolist()
    [[1.5, 2.0], [0.6, 0.8]]
    """
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    inside: Floats = points * np.minimum(1, radius / np.maximum(lengths, 1e-12))
    return inside


def _known(points: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(points).all(axis=1))
