"""No text makes RDKit search for minutes: what would is refused before RDKit sees it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from molvae.chem.drawing import draw_grid
from molvae.chem.guacamol import guacamol_features
from molvae.chem.limits import MAX_RING_BONDS, foreign_mol, ring_bonds
from molvae.chem.molecule import canonical_of_derived, rdkit_canonical, read_molecule
from molvae.chem.moses import moses_features
from molvae.chem.reasons import Reason
from molvae.chem.sdf import iterate_sdf
from molvae.chem.settings import Standardization
from molvae.errors import MoleculeError
from molvae.tokens.codec import MoleculeCodec
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.derivation import derivation_rules, derive
from molvae.tokens.vocabulary import Vocabulary

# Found by a search among repeated units: 66 ring bonds take RDKit more than 20 s, 100 more than anyone has waited.
UNIT = ["[C]", "[=N]", "[=N]", "[Ring1]", "[=Branch2]"]
VOCABULARY = Vocabulary.from_symbols(UNIT)
SYMBOLS = VOCABULARY.encode(UNIT * 100)
RIBBON = derive(SYMBOLS, derivation_rules(VOCABULARY.symbols, DEFAULT_CONSTRAINTS))


def test_the_ring_bonds_are_those_that_rdkit_counts(wehi_smiles: list[str]) -> None:
    for smiles in wehi_smiles[:500]:
        mol = Chem.MolFromSmiles(smiles)
        assert ring_bonds(smiles) == mol.GetNumBonds() - mol.GetNumAtoms() + len(Chem.GetMolFrags(mol)), smiles


@given(st.text("C1%()[]+9H", max_size=40))
def test_any_text_has_a_number_of_ring_bonds(text: str) -> None:
    assert 0 <= ring_bonds(text) <= len(text) // 2


def test_a_ribbon_is_refused_at_once_wherever_it_comes_in() -> None:  # else this test does not end
    assert ring_bonds(RIBBON) > 90
    unsanitized = Chem.MolFromSmiles(RIBBON, sanitize=False)
    for read in (
        lambda: read_molecule(RIBBON, Standardization(max_characters=10_000)),
        lambda: read_molecule(unsanitized, Standardization(max_atoms=10_000)),
        lambda: canonical_of_derived(RIBBON),
        lambda: MoleculeCodec(VOCABULARY).decode(SYMBOLS),
    ):
        with pytest.raises(MoleculeError) as caught:
            read()
        assert caught.value.code == Reason.TOO_LARGE
        assert "ring" in caught.value.detail
    [record] = iterate_sdf(io.BytesIO(Chem.MolToMolBlock(unsanitized, kekulize=False).encode()))
    assert record.refusal is not None
    assert record.refusal.code == Reason.TOO_LARGE
    for look in (foreign_mol, rdkit_canonical, moses_features, guacamol_features):
        assert look(RIBBON) is None
    assert draw_grid([RIBBON])


def test_what_is_decoded_has_the_caps_of_what_is_encoded() -> None:
    codec = MoleculeCodec(Vocabulary.from_symbols(["[C]"]), standardization=Standardization(max_atoms=5))
    assert codec.decode([3] * 5) == "CCCCC"
    with pytest.raises(MoleculeError, match=r"^too_large: 6 heavy atoms, at most 5"):
        codec.decode([3] * 6)


def test_many_rings_of_an_ordinary_kind_are_read() -> None:
    spiro = "C1CC1" * MAX_RING_BONDS
    assert foreign_mol(spiro) is not None
    assert read_molecule("C1CC1" * 30).smiles
