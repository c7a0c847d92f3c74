from __future__ import annotations

import pytest
import selfies
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from molvae.tokens.bulk import tokenize_many
from molvae.tokens.codec import TokenizedMolecule
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.derivation import derivation_rules, derive, is_atom_symbol
from molvae.tokens.usage import used_symbols
from molvae.tokens.vocabulary import Vocabulary, split_selfies

SYMBOLS = """
[C] [=C] [#C] [N] [=N] [O] [=O] [F] [O-1] [N+1] [=S] [Branch1] [=Branch1] [Branch2] [Ring1] [=Ring1] [Ring2] [nop]
[epsilon] .
"""
ALPHABET = Vocabulary.from_symbols(SYMBOLS.split())
RULES = derivation_rules(ALPHABET.symbols, DEFAULT_CONSTRAINTS)
texts = st.lists(st.sampled_from(ALPHABET.symbols[3:]), max_size=40)


@pytest.mark.parametrize(
    ("text", "unused"),
    [
        ("[C][C][O]", []),
        ("[C][=C][C][=C][C][=C][Ring1][=Branch1]", []),  # the length of the ring is used with it
        ("[C][F][C][C]", [2, 3]),  # nothing follows a fluorine
        ("[C][Branch1][C][F][C]", []),
        ("[F][Branch1][C][F][C]", [1, 4]),  # a branch would leave the chain no bond, so its length is read as an atom
        ("[C][#C][Ring1][C]", [2, 3]),  # no bond is raised above a triple one
        ("[C][nop][C]", [1]),
        ("[C][epsilon][C]", [2]),
        ("[Ring1][C][C]", [0]),
        ("[C][Ring1]", [1]),  # a ring from an atom to itself
        ("[F].[C][F].[C]", []),
        ("[Branch1][Ring1]", [0, 1]),
    ],
)
def test_what_says_nothing_is_unused(text: str, unused: list[int]) -> None:
    tokens = ALPHABET.encode(split_selfies(text))
    found = used_symbols(tokens, RULES)
    assert [place for place, use in enumerate(found) if not use] == unused


@given(texts)
def test_each_atom_has_one_used_symbol(symbols: list[str]) -> None:
    tokens = ALPHABET.encode(symbols)
    used = [symbol for symbol, use in zip(symbols, used_symbols(tokens, RULES), strict=True) if use]
    mol = Chem.MolFromSmiles(derive(tokens, RULES), sanitize=False)
    # Atom symbols that state a length are no atoms, so there may be more of them.
    assert sum(map(is_atom_symbol, used)) >= mol.GetNumAtoms()
    if not any("Ring" in symbol or "Branch" in symbol for symbol in symbols):
        assert sum(map(is_atom_symbol, used)) == mol.GetNumAtoms()


@given(texts, st.data())
def test_an_unused_atom_symbol_can_be_any_other(symbols: list[str], data: st.DataObject) -> None:
    tokens = ALPHABET.encode(symbols)
    used = used_symbols(tokens, RULES)
    free = [place for place, use in enumerate(used) if not use and is_atom_symbol(symbols[place])]
    # The symbols that state the length of a ring which is not made are read, and shift what follows.
    free = [place for place in free if not any("Ring" in symbol for symbol in symbols[max(0, place - 2) : place])]
    if free:
        place = data.draw(st.sampled_from(free))
        changed = list(tokens)
        changed[place] = ALPHABET.token(data.draw(st.sampled_from(["[C]", "[=O]", "[F]", "[N+1]"])))
        assert derive(changed, RULES) == derive(tokens, RULES)


def test_real_molecules_use_every_symbol_of_theirs(wehi_smiles: list[str]) -> None:
    rows = [row for row in tokenize_many(wehi_smiles[:400]) if isinstance(row, TokenizedMolecule)]
    vocabulary = Vocabulary.from_symbols({symbol for row in rows for symbol in row.symbols})
    rules = derivation_rules(vocabulary.symbols, DEFAULT_CONSTRAINTS)
    assert all(all(used_symbols(vocabulary.encode(row.symbols), rules)) for row in rows)


@given(texts)
def test_rings_and_branches_agree_with_what_selfies_says_of_them(symbols: list[str]) -> None:
    """`selfies.decoder(attribute=True)` names the symbols that each piece of its SMILES came from."""
    symbols = [symbol for symbol in symbols if symbol != "[nop]"]
    used = used_symbols(ALPHABET.encode(symbols), RULES)
    _, attribution = selfies.decoder("".join(symbols), attribute=True)
    named = {entry.index for piece in attribution for entry in piece.attribution or []}
    atoms = {place for place, use in enumerate(used) if use and is_atom_symbol(symbols[place])}
    told = {place for place in named if is_atom_symbol(symbols[place])}
    assert told <= atoms
