from __future__ import annotations

from collections import Counter

import numpy as np

from molvae.chem.moses import moses_features
from molvae.evaluate.features import measure_features


def test_features_are_those_of_each_molecule_in_order(wehi_smiles: list[str]) -> None:
    smiles = wehi_smiles[:30]
    found = measure_features(smiles, filters=["[Cl]"])
    each = [features for features in map(moses_features, smiles) if features is not None]
    assert found.smiles == tuple(features.smiles for features in each)
    assert found.fingerprints.tobytes() == b"".join(features.fingerprint for features in each)
    assert found.fragments == Counter(text for features in each for text in features.fragments)
    assert found.scaffolds == Counter(features.scaffold for features in each if features.scaffold)
    assert found.properties["logp"].tolist() == [features.properties.logp for features in each if features.properties]
    assert found.passes is not None
    assert found.passes.shape == (30,)


def test_processes_change_nothing(wehi_smiles: list[str]) -> None:
    smiles = wehi_smiles[:600]  # more than two chunks
    one, two = (measure_features(smiles, properties=False, workers=workers) for workers in (1, 2))
    assert one.smiles == two.smiles
    assert np.array_equal(one.fingerprints, two.fingerprints)
    assert one.fragments == two.fragments


def test_what_is_not_valid_is_counted_and_left_out() -> None:
    counted = list[int]()
    found = measure_features(["CCO", "", None, "C1CC", "OCC"], progress=counted.append)
    assert (len(found), found.read, sum(counted)) == (2, 5, 5)
    assert found.smiles == ("CCO", "CCO")
    assert found.passes is None
    nothing = measure_features([None], properties=False)
    assert (len(nothing), nothing.fingerprints.shape, nothing.properties) == (0, (0, 128), {})
