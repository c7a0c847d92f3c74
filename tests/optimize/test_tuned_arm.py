"""The arm of a decoder that learns: it writes what is like the molecules it read, the same for a seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

import molvae
from molvae.chem.fingerprints import morgan_counts
from molvae.latent.space import LatentSpace
from molvae.optimize.surrogate import MinMaxFeatures
from molvae.optimize.tuned_arm import TunedSamples, tuned_arms

PARENTS = [f"{group}c1ccc(NC(=O)c2ccc(S(N)(=O)=O)cc2)cc1" for group in ("C", "F", "Cl", "Br", "CO", "CC", "CS", "CCO")]


@pytest.fixture(scope="module")
def space() -> LatentSpace:
    return molvae.load(threads=1, workers=1)


def arm_of(space: LatentSpace) -> TunedSamples:
    (arm,) = tuned_arms(space)
    return arm


def proposed(space: LatentSpace, n: int, parents: Sequence[str] = PARENTS) -> list[str]:
    rng = np.random.default_rng(3)
    given = arm_of(space).propose(n, lambda count: [parents[row % len(parents)] for row in range(count)], rng)
    assert {proposal.arm for proposal in given} <= {"fine-tuned"}
    return [proposal.smiles for proposal in given]


def test_it_writes_what_is_like_its_parents(space: LatentSpace) -> None:
    features = MinMaxFeatures()
    features.add(morgan_counts(PARENTS))
    written, drawn = proposed(space, 60), space.sample(60, seed=1)
    nearest = [features.similarities(morgan_counts(smiles)).max(axis=1).mean() for smiles in (written, drawn)]
    assert len(written) == 60
    assert nearest[0] > nearest[1] + 0.2
    assert len(set(written) - set(PARENTS)) >= 3
    assert proposed(space, 20) == written[:20]


def test_parents_that_the_model_cannot_read_lead_to_nothing(space: LatentSpace) -> None:
    assert proposed(space, 5, ["C[U]C"]) == []


def test_a_model_that_writes_only_from_points_has_no_such_arm(space: LatentSpace) -> None:
    priors = {name: prior for name, prior in space.checkpoint.priors.items() if name in ("normal", "gaussian")}
    bare = LatentSpace(dataclasses.replace(space.checkpoint, priors=priors, default_prior="gaussian"))
    assert tuned_arms(bare) == []
    assert bare.whole_prior == "gaussian"
    assert space.whole_prior == "training-set"
