"""Descriptors: known values of a known molecule, and ranges that always hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rdkit.Chem import Descriptors as Catalog

from molvae.chem.descriptors import descriptor_function, descriptor_matrix, descriptors
from molvae.chem.molecule import mol_from_canonical
from molvae.errors import ConfigError


def test_aspirin_has_the_values_of_the_literature() -> None:
    aspirin = descriptors("CC(=O)Oc1ccccc1C(=O)O")
    assert math.isclose(aspirin.molecular_weight, 180.16, abs_tol=0.01)
    assert math.isclose(aspirin.tpsa, 63.6, abs_tol=0.01)
    assert (aspirin.heavy_atoms, aspirin.hetero_atoms, aspirin.rings, aspirin.aromatic_rings) == (13, 4, 1, 1)
    assert (aspirin.hydrogen_donors, aspirin.formal_charge, aspirin.stereo_centers) == (1, 0, 0)


def test_values_stay_in_their_ranges(wehi_smiles: list[str]) -> None:
    for smiles in wehi_smiles[:50]:
        values = descriptors(smiles)
        assert 0 <= values.qed <= 1
        assert 1 <= values.sa_score <= 10
        assert all(math.isfinite(value) for value in values)
        assert values == descriptors(mol_from_canonical(smiles))


def test_a_single_descriptor_is_the_one_of_all() -> None:
    smiles = "CC(=O)Oc1ccccc1C(=O)O"
    for name, value in descriptors(smiles)._asdict().items():
        assert descriptor_function(name)(mol_from_canonical(smiles)) == value


def test_an_unknown_descriptor_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'molecular_weight'"):
        descriptor_function("molecular_wieght")


def test_the_matrix_holds_what_rdkit_lists_and_nothing_that_is_no_number(wehi_smiles: list[str]) -> None:
    smiles = [*wehi_smiles[:5], "[Na+].[Cl-]", "C" * 120]
    matrix = descriptor_matrix(smiles)
    assert np.isfinite(matrix).all()
    assert np.abs(matrix).max() <= 1e6
    names = [name for name, _ in Catalog.descList]
    logp = [descriptors(text).logp for text in smiles]
    np.testing.assert_allclose(matrix[:, names.index("MolLogP")], logp, rtol=1e-9)
