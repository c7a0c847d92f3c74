"""The table-driven derivation is the one of selfies, on every kind of string."""

from __future__ import annotations

import pytest
import selfies
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.molecule import canonical_smiles
from molvae.tokens.codec import selfies_constraints
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
from molvae.tokens.derivation import DIGITS, derivation_rules, derive, is_atom_symbol
from molvae.tokens.vocabulary import Vocabulary, split_selfies

SYMBOLS = Vocabulary.from_symbols(
    {
        *selfies.get_semantic_robust_alphabet(),
        *("[nop]", "[epsilon]", ".", "[#Ring1]", "[#Ring3]", "[-/Ring1]", "[\\/Ring2]", "[\\-Ring1]", "[#Branch3]"),
        *(
            "[/C]",
            "[\\C]",
            "[C@@H1]",
            "[C@]",
            "[13CH1]",
            "[2H]",
            "[CH0]",
            "[SiH2]",
            "[=Se]",
            "[/N+1]",
            "[Cl-1]",
            "[Cl+3]",
        ),
    }
)
RULES = derivation_rules(SYMBOLS.symbols, DEFAULT_CONSTRAINTS)


@given(st.lists(st.integers(3, len(SYMBOLS) - 1), max_size=120))
def test_any_string_derives_as_selfies_derives_it(tokens: list[int]) -> None:
    with selfies_constraints(DEFAULT_CONSTRAINTS):
        assert derive(tokens, RULES) == selfies.decoder(SYMBOLS.decode(tokens))


@given(st.data())
def test_a_mutated_molecule_derives_as_selfies_derives_it(molecules: list[str], data: st.DataObject) -> None:
    smiles = data.draw(st.sampled_from(molecules))
    with selfies_constraints(DEFAULT_CONSTRAINTS):
        symbols = list(split_selfies(selfies.encoder(smiles)))
        for _ in range(3):
            place = data.draw(st.integers(0, len(symbols) - 1))
            symbols[place] = data.draw(st.sampled_from(SYMBOLS.symbols[3:]))
        vocabulary = Vocabulary.from_symbols(symbols)
        rules = derivation_rules(vocabulary.symbols, DEFAULT_CONSTRAINTS)
        assert derive(vocabulary.encode(symbols), rules) == selfies.decoder("".join(symbols))


@pytest.mark.parametrize("name", ["default", "octet_rule", "hypervalent"])
def test_other_constraints_are_followed_too(name: str, molecules: list[str]) -> None:
    constraints = Constraints.from_mapping(selfies.get_preset_constraints(name))
    with selfies_constraints(constraints):
        for smiles in map(canonical_smiles, molecules[:100]):
            text = selfies.encoder(smiles, strict=False)
            vocabulary = Vocabulary.from_selfies([text])
            tokens = vocabulary.encode(split_selfies(text))
            assert derive(tokens, derivation_rules(vocabulary.symbols, constraints)) == selfies.decoder(text)


def test_the_digits_are_those_of_selfies() -> None:
    from selfies.constants import INDEX_ALPHABET

    assert DIGITS == INDEX_ALPHABET


def test_deep_nesting_and_many_rings_are_no_danger() -> None:
    vocabulary = Vocabulary.from_symbols(["[C]", "[=C]", "[P]", "[Branch3]", "[Ring1]"])
    rules = derivation_rules(vocabulary.symbols, DEFAULT_CONSTRAINTS)
    nested = vocabulary.encode(["[C]", *(["[Branch3]", "[P]", "[P]", "[P]", "[P]"] * 2_000)])  # selfies: RecursionError
    assert derive(nested, rules)
    from rdkit import Chem

    rings = vocabulary.encode(["[C]", "[C]", "[C]", "[Ring1]", "[Ring1]"] * 120)  # selfies: %100, which is not SMILES
    mol = Chem.MolFromSmiles(derive(rings, rules))
    assert mol.GetRingInfo().NumRings() == 120


@pytest.mark.parametrize("symbol", ["[IH2]", "[CH9]", "[C+10]", "[c]", "[Branch4]", "[--Ring1]", "[]", "CCO"])
def test_what_is_no_symbol_has_no_rule(symbol: str) -> None:
    with pytest.raises(ValueError, match="symbol"):
        derivation_rules(("<pad>", "<bos>", "<eos>", symbol), DEFAULT_CONSTRAINTS)


def test_atom_symbols_are_told_from_others() -> None:
    assert is_atom_symbol("[=N+1]")
    assert not is_atom_symbol("[Ring1]")
