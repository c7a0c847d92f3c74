"""Latent arms: whitened coordinates that can be undone, points that mean their molecule, searches that repeat."""

from __future__ import annotations

import numpy as np
import pytest

from molvae.latent.space import LatentSpace
from molvae.optimize.build import Mode, StrategyName
from molvae.optimize.latent_arms import SHRINKAGE, LatentMap, latent_arms
from molvae.optimize.run import optimize


@pytest.fixture(scope="module")
def latent(space: LatentSpace) -> LatentMap:
    return LatentMap(space, seed=0)


def test_whitening_is_undone_by_its_inverse(latent: LatentMap) -> None:
    z = np.random.default_rng(0).standard_normal((20, latent.space.latent_dim)).astype(np.float32)
    np.testing.assert_allclose(latent.unwhiten(latent.whiten(z)), z, atol=1e-4)


def test_molecules_of_the_model_are_centered_and_nowhere_wider_than_one(latent: LatentMap) -> None:
    encoding = latent.space.encode(latent.space.sample(512, seed=0))
    points = latent.whiten(encoding.mean[encoding.ok])
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-4)
    variances = np.linalg.eigvalsh(np.cov(points, rowvar=False))
    assert 0.9 < variances[-1] < 1 / (1 - SHRINKAGE) + 1e-3  # shrinking the covariance only widens it elsewhere


def test_a_decoded_molecule_keeps_a_point_that_decodes_to_it(latent: LatentMap) -> None:
    z = latent.space.sample_latent(30, seed=3)
    found = [smiles for smiles in latent.decode(z) if smiles is not None]
    kept = zip(found, latent.posteriors(found), strict=True)
    pairs = [(smiles, known.mean) for smiles, known in kept if known is not None]
    assert len(pairs) > 5
    assert latent.space.decode(np.stack([mean for _, mean in pairs])) == [smiles for smiles, _ in pairs]


def test_arms_name_the_parents_of_other_molecules(space: LatentSpace) -> None:
    parents = list(dict.fromkeys(space.sample(20, seed=1)))
    for arm in latent_arms(space, seed=0):
        for proposal in arm.propose(30, lambda n: (parents * n)[:n], np.random.default_rng(0)):
            assert proposal.arm == arm.name
            assert set(proposal.parents) <= set(parents)
            assert proposal.smiles not in proposal.parents


@pytest.mark.parametrize(("strategy", "mode"), [("hybrid", "all"), ("hybrid", "latent"), ("latent-ga", "all")])
def test_a_search_with_a_model_repeats(space: LatentSpace, strategy: StrategyName, mode: Mode) -> None:
    first, again = (
        optimize("qed", space=space, strategy=strategy, mode=mode, budget=24, batch=12, seed=5).rows for _ in range(2)
    )
    assert len(first) == 24
    assert [(row.smiles, row.arm, row.parents) for row in first] == [
        (row.smiles, row.arm, row.parents) for row in again
    ]
    if mode == "latent":
        assert {row.arm for row in first} <= {"prior", "pcn", "posterior-noise", "slerp"}
