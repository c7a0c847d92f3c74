"""Similarity on counts: one for equals, symmetric, and not what folded bits give."""

from __future__ import annotations

from typing import get_args

import pytest
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.chem.similarity import FingerprintKind, SimilarityTo
from molvae.errors import ConfigError, MoleculeError

KINDS = get_args(FingerprintKind)
ASPIRIN, PARACETAMOL = "CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1"


@pytest.mark.parametrize("kind", KINDS)
def test_a_molecule_is_like_itself_and_similarity_is_symmetric(kind: FingerprintKind) -> None:
    aspirin, paracetamol = mol_from_canonical(ASPIRIN), mol_from_canonical(PARACETAMOL)
    assert SimilarityTo(ASPIRIN, kind)(aspirin) == 1
    assert 0 < SimilarityTo(ASPIRIN, kind)(paracetamol) == SimilarityTo(PARACETAMOL, kind)(aspirin) < 1


@pytest.mark.parametrize("kind", KINDS)
def test_stereo_is_left_out(kind: FingerprintKind) -> None:
    assert SimilarityTo("C[C@H](N)C(=O)O", kind)(mol_from_canonical("CC(N)C(=O)O")) == 1


def test_counts_count_where_bits_do_not() -> None:
    short, long = mol_from_canonical("C" * 10), mol_from_canonical("C" * 16)
    bits = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    assert DataStructs.TanimotoSimilarity(bits.GetFingerprint(short), bits.GetFingerprint(long)) == 1
    assert SimilarityTo("C" * 10)(long) < 0.7


def test_the_counts_are_those_of_the_definition(wehi_smiles: list[str]) -> None:
    a, b = map(mol_from_canonical, map(canonical_smiles, wehi_smiles[:2]))
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3)
    counts_a = generator.GetSparseCountFingerprint(a).GetNonzeroElements()
    counts_b = generator.GetSparseCountFingerprint(b).GetNonzeroElements()
    both = sum(min(count, counts_b.get(bit, 0)) for bit, count in counts_a.items())
    either = sum(counts_a.values()) + sum(counts_b.values()) - both
    assert SimilarityTo(canonical_smiles(wehi_smiles[0]), "ECFP6")(b) == pytest.approx(both / either)


def test_a_wrong_reference_or_fingerprint_is_refused_at_once() -> None:
    with pytest.raises(MoleculeError, match="syntax"):
        SimilarityTo("C1CC")
    with pytest.raises(ConfigError, match="fingerprint must be one of"):
        SimilarityTo("CC", "MACCS")  # type: ignore[arg-type]
