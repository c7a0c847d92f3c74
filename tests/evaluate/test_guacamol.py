from __future__ import annotations

import math

import numpy as np
import pytest
from rdkit import Chem

from molvae.evaluate import guacamol
from molvae.evaluate.frechet import Moments
from molvae.evaluate.guacamol import guacamol_measures, kl_divergences, measure_profile, training_subset

# Computed by the code of guacamol 0.5.5 (its descriptors, similarities and divergences) for molecules 0-199 of wehi10k
# as the training set and 200-399 as samples, without stereo, with RDKit 2026.9.1.
PUBLISHED = {
    "bertz_ct": 0.03486291419689876,
    "mol_logp": 0.019829323823272738,
    "mol_wt": 0.020334112271969965,
    "tpsa": 0.01753703914014694,
    "hydrogen_acceptors": 0.03575539182421557,
    "hydrogen_donors": 0.009780566278260416,
    "rotatable_bonds": 0.13062789954296145,
    "aliphatic_rings": 0.004331633267270676,
    "aromatic_rings": 0.03122599828274907,
    "internal_similarity": 0.027401963879852623,
}


def without_stereo(smiles: list[str]) -> list[str]:
    return [Chem.MolToSmiles(Chem.MolFromSmiles(text), isomericSmiles=False) for text in smiles]


def test_divergences_are_those_of_the_published_code(wehi_smiles: list[str]) -> None:
    train, samples = (measure_profile(without_stereo(part)) for part in (wehi_smiles[:200], wehi_smiles[200:400]))
    assert kl_divergences(train, samples) == pytest.approx(PUBLISHED, rel=1e-5)


def test_a_set_does_not_diverge_from_itself(wehi_smiles: list[str]) -> None:
    profile = measure_profile(without_stereo(wehi_smiles[:50]))
    assert kl_divergences(profile, profile) == pytest.approx(dict.fromkeys(PUBLISHED, 0.0), abs=1e-9)


def test_values_that_do_not_vary_or_lie_elsewhere_diverge_without_a_warning() -> None:
    spread, constant = np.arange(20.0), np.zeros(20)
    assert guacamol.continuous_divergence(spread, constant) == math.inf
    assert 0 < guacamol.discrete_divergence(spread, constant) < math.inf
    assert guacamol.discrete_divergence(spread, spread + 100) == math.inf


def test_the_training_subset_is_the_published_draw() -> None:
    # get_random_subset(list(range(1000)), 5, seed=42) of guacamol 0.5.5
    assert training_subset([str(number) for number in range(1000)], 5) == ["521", "737", "740", "660", "411"]
    assert training_subset(["C", "CC"], 5) == ["C", "CC"]


def test_scores_count_valid_distinct_and_new_molecules_without_stereo(wehi_smiles: list[str]) -> None:
    train = ["C[C@H](N)O", *wehi_smiles[:30]]
    samples = ["C[C@H](N)O", "C[C@@H](N)O", "CCO", "OCC", None, "C1CC", *wehi_smiles[40:70]]
    moments = Moments.of(np.random.default_rng(0).random((40, 3)))
    found = guacamol_measures(samples, train, sample_moments=moments, train_moments=moments)
    values = {measure.name: (measure.value, measure.of) for measure in found}
    n = len(samples)
    assert values["Validity"] == ((n - 2) / n, n)
    assert values["Uniqueness"] == ((n - 4) / n, n)  # two invalid, one written twice, one the mirror image of another
    assert values["Novelty"] == ((n - 5) / n, n)  # and that one is known
    assert values["FCD score"] == pytest.approx((1.0, 40))
    assert 0 < values["KL divergence score"][0] < 1


def test_too_few_molecules_have_no_divergence() -> None:
    moments = Moments.of(np.zeros((1, 3)))
    found = guacamol_measures(["C"], ["C"], sample_moments=moments, train_moments=moments)
    assert [measure.value for measure in found[:3]] == [1.0, 1.0, 0.0]
    assert all(math.isnan(measure.value) for measure in found[3:])
