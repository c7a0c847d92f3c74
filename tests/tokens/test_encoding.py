"""The flat encoder writes what `selfies.encoder` writes, or leaves the verdict to it."""

from __future__ import annotations

import pytest
import selfies
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.tokens.codec import MoleculeCodec, selfies_constraints
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.encoding import _MAX_ATOM_TEXTS, AtomTable, atom_table, encoded
from molvae.tokens.vocabulary import split_selfies

TABLE = atom_table(DEFAULT_CONSTRAINTS)


def by_selfies(smiles: str) -> tuple[str, ...] | None:
    with selfies_constraints(DEFAULT_CONSTRAINTS):
        try:
            return tuple(split_selfies(selfies.encoder(smiles)))
        except selfies.EncoderError:
            return None


def test_real_molecules_are_written_as_selfies_writes_them(molecules: list[str]) -> None:
    for smiles in molecules:
        canonical = canonical_smiles(smiles)
        assert encoded(canonical, TABLE) == by_selfies(canonical)


def test_so_are_molecules_in_any_order_of_their_atoms(molecules: list[str]) -> None:
    for seed, smiles in enumerate(molecules):
        for text in Chem.MolToRandomSmilesVect(mol_from_canonical(smiles), 2, randomSeed=seed + 1):
            assert encoded(text, TABLE) == by_selfies(text)


@given(st.data())
def test_what_random_tokens_derive_to_is_written_as_selfies_writes_it(
    codec: MoleculeCodec, data: st.DataObject
) -> None:
    tokens = data.draw(st.lists(st.integers(3, len(codec.vocabulary) - 1), min_size=5, max_size=60))
    derived = Chem.MolFromSmiles(codec.derive(tokens))
    canonical = Chem.MolToSmiles(derived)
    if canonical and "." not in canonical:
        assert encoded(canonical, TABLE) in (by_selfies(canonical), None)


@pytest.mark.parametrize(
    "text",
    ["", "C(", "C)", "C1CC", "C=", "(C)", "1CC1", "C.C", "C$C", "[Xx]C", "C=1CC#1", "CI(C)C", "C%1C", "*"],
)
def test_what_is_not_ordinary_is_left_to_selfies(text: str) -> None:
    assert encoded(text, TABLE) is None


def test_texts_from_outside_do_not_fill_the_memory() -> None:
    table = AtomTable(DEFAULT_CONSTRAINTS)
    for number in range(_MAX_ATOM_TEXTS + 100):
        assert table[f"[C:{number}]"] is None
    assert len(table) == _MAX_ATOM_TEXTS
