"""Similarity: one for equals, symmetric, and the same by every way of asking."""

from __future__ import annotations

import numpy as np
import pytest

from molvae.chem.fingerprints import morgan_fingerprints, morgan_matrix, tanimoto, tanimoto_matrix, tanimoto_to
from molvae.errors import MoleculeError


def test_similarity_is_the_share_of_common_bits(wehi_smiles: list[str]) -> None:
    a, b = morgan_fingerprints(wehi_smiles[:2])
    on_a, on_b = set(a.GetOnBits()), set(b.GetOnBits())
    assert tanimoto(a, b) == pytest.approx(len(on_a & on_b) / len(on_a | on_b))


def test_the_matrix_is_symmetric_with_ones_on_its_diagonal(wehi_smiles: list[str]) -> None:
    smiles = wehi_smiles[:20]
    matrix = tanimoto_matrix(smiles, smiles)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    np.testing.assert_array_equal(matrix[3], tanimoto_to(smiles[3], morgan_fingerprints(smiles)))


def test_no_molecules_have_no_similarities() -> None:
    assert tanimoto_to("CCO", []).shape == (0,)
    assert tanimoto_matrix([], ["CCO"]).shape == (0, 1)


def test_size_and_radius_are_arguments() -> None:
    [small] = morgan_fingerprints(["CCCCO"], radius=0, n_bits=64)
    assert small.GetNumBits() == 64
    assert small.GetNumOnBits() <= 3


def test_an_unreadable_molecule_is_refused() -> None:
    with pytest.raises(MoleculeError, match="syntax"):
        tanimoto("CCO", "C1CC")


def test_a_matrix_has_the_bits_of_the_fingerprints(wehi_smiles: list[str]) -> None:
    smiles = wehi_smiles[:50]
    expected = [list(fingerprint) for fingerprint in morgan_fingerprints(smiles, 3, 512)]
    np.testing.assert_array_equal(morgan_matrix(smiles, 3, 512), expected)
    assert morgan_matrix([]).shape == (0, 2048)
