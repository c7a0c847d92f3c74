"""The arms of a decoder that learns: they write what is like the molecules it read, the same for a seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

import molvae
from molvae.chem.fingerprints import morgan_counts
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.substructures import has_substructure
from molvae.latent.space import LatentSpace
from molvae.model.null_latent import NullLatent
from molvae.optimize.arms import Arm
from molvae.optimize.strategy import Proposal
from molvae.optimize.surrogate import MinMaxFeatures
from molvae.optimize.tuned_arm import TunedDecoder, tokens_of, tuned_arms

PARENTS = [f"{group}c1ccc(NC(=O)c2ccc(S(N)(=O)=O)cc2)cc1" for group in ("C", "F", "Cl", "Br", "CO", "CC", "CS", "CCO")]


@pytest.fixture(scope="module")
def space() -> LatentSpace:
    return molvae.load(threads=1, workers=1)


def prior_of(space: LatentSpace) -> NullLatent:
    prior = space.prior(space.whole_prior)
    assert isinstance(prior, NullLatent)
    return prior


def arm_of(space: LatentSpace, name: str) -> Arm:
    arms = {arm.name: arm for arm in tuned_arms(space, regrows=True)}
    assert list(arms) == ["fine-tuned", "regrowth"]
    return arms[name]


def offspring(space: LatentSpace, n: int, parents: Sequence[str], name: str) -> list[Proposal]:
    rng = np.random.default_rng(3)
    given = arm_of(space, name).propose(n, lambda count: [parents[row % len(parents)] for row in range(count)], rng)
    assert {proposal.arm for proposal in given} <= {name}
    return given


def proposed(space: LatentSpace, n: int, parents: Sequence[str] = PARENTS) -> list[str]:
    return [proposal.smiles for proposal in offspring(space, n, parents, "fine-tuned")]


def test_it_writes_what_is_like_its_parents(space: LatentSpace) -> None:
    features = MinMaxFeatures()
    features.add(morgan_counts(PARENTS))
    written, drawn = proposed(space, 60), space.sample(60, seed=1)
    nearest = [features.similarities(morgan_counts(smiles)).max(axis=1).mean() for smiles in (written, drawn)]
    assert len(written) == 60
    assert nearest[0] > nearest[1] + 0.2
    assert len(set(written) - set(PARENTS)) >= 3
    assert proposed(space, 20) == written[:20]


def test_what_regrows_is_most_like_its_parent(space: LatentSpace) -> None:
    parents = space.sample(40, seed=9, unique=True)
    regrown = offspring(space, 80, parents, "regrowth")
    assert len({proposal.smiles for proposal in regrown} - set(parents)) >= 40
    assert all(proposal.parents[0] in parents and proposal.smiles != proposal.parents[0] for proposal in regrown)
    features = MinMaxFeatures()
    features.add(morgan_counts(parents))
    alike = features.similarities(morgan_counts([proposal.smiles for proposal in regrown]))
    own = [row[parents.index(proposal.parents[0])] for row, proposal in zip(alike, regrown, strict=True)]
    assert np.mean(own) > alike.mean() + 0.1
    assert offspring(space, 80, parents, "regrowth") == regrown


def test_a_molecule_begins_with_the_symbols_given(space: LatentSpace) -> None:
    decoder = TunedDecoder(space, prior_of(space))
    rng = np.random.default_rng(0)
    assert decoder.learn(lambda count: [PARENTS[row % len(PARENTS)] for row in range(count)], rng)
    tokens = tokens_of(space.pipeline.codec, "O=S(=O)(Nc1ccccc1)c1ccccc1")
    assert tokens is not None
    written = decoder.write(64, rng, [tokens[:5]] * 64)
    assert len(written) == 64
    assert all(has_substructure(mol_from_canonical(smiles), "O=S=O") for smiles in written if smiles is not None)
    assert sum(smiles is not None for smiles in written) > 50


@pytest.mark.parametrize("name", ["fine-tuned", "regrowth"])
def test_parents_that_the_model_cannot_read_lead_to_nothing(space: LatentSpace, name: str) -> None:
    assert offspring(space, 5, ["C[U]C"], name) == []


def test_parents_that_the_model_cannot_read_are_passed_over(space: LatentSpace) -> None:
    known = space.sample(20, seed=9, unique=True)
    regrown = offspring(space, 44, ["C[U]C", *known, "C"], "regrowth")
    assert {proposal.parents[0] for proposal in regrown} < set(known)


def test_a_model_that_writes_only_from_points_has_no_such_arm(space: LatentSpace) -> None:
    priors = {name: prior for name, prior in space.checkpoint.priors.items() if name in ("normal", "gaussian")}
    bare = LatentSpace(dataclasses.replace(space.checkpoint, priors=priors, default_prior="gaussian"))
    assert tuned_arms(bare, regrows=True) == []
    assert bare.whole_prior == "gaussian"
    assert space.whole_prior == "training-set"
