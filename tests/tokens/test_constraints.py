"""The default constraints: those of selfies 2.2, and such that whatever they allow RDKit accepts."""

from __future__ import annotations

import random

import pytest
import selfies
from rdkit import Chem

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import canonical_of_derived
from molvae.chem.settings import ORGANIC_ELEMENTS
from molvae.errors import ConfigError
from molvae.tokens.codec import selfies_constraints
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
from molvae.tokens.derivation import derivation_rules, derive
from molvae.tokens.vocabulary import Vocabulary

CAPACITIES = DEFAULT_CONSTRAINTS.as_dict()


def test_the_table_of_selfies_is_kept() -> None:
    theirs = selfies.get_preset_constraints("default")
    del theirs["?"]
    assert {key: CAPACITIES[key] for key in theirs} == theirs


def test_every_element_has_an_entry_and_all_others_no_bonds() -> None:
    assert set(ORGANIC_ELEMENTS) <= set(CAPACITIES)
    assert CAPACITIES["?"] == 0


@pytest.mark.parametrize("key", [key for key in CAPACITIES if key != "?"])
def test_rdkit_accepts_every_number_of_bonds_that_an_entry_allows(key: str) -> None:
    for count in range(CAPACITIES[key] + 1):
        bracket = Chem.MolFromSmiles(f"[{key}]" + "(F)" * count)
        assert bracket is not None, f"{key} with {count} bonds"


def test_random_strings_over_the_robust_alphabet_are_all_molecules() -> None:
    with selfies_constraints(DEFAULT_CONSTRAINTS):
        vocabulary = Vocabulary.from_symbols(selfies.get_semantic_robust_alphabet())
    rules = derivation_rules(vocabulary.symbols, DEFAULT_CONSTRAINTS)
    draw = random.Random(0)
    with quiet_rdkit():
        for _ in range(3_000):
            tokens = draw.choices(range(3, len(vocabulary)), k=draw.randint(8, 72))
            derived = derive(tokens, rules)
            assert not derived or canonical_of_derived(derived)


def test_a_table_without_an_entry_for_the_others_is_refused() -> None:
    with pytest.raises(ConfigError, match="'\\?'"):
        Constraints.from_mapping({"C": 4})
    for capacity in (-1, 9, True):
        with pytest.raises(ConfigError, match="whole number"):
            Constraints.from_mapping({"C": capacity, "?": 0})
    with pytest.raises(ConfigError, match="distinct"):
        Constraints((("?", 0), ("?", 1)))


def test_a_table_survives_its_round_trip() -> None:
    assert Constraints.from_mapping(CAPACITIES) == DEFAULT_CONSTRAINTS
