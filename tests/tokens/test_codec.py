"""The codec: what goes in comes out, what cannot is refused, and nothing of the process is left changed."""

from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
import selfies
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.molecule import canonical_smiles
from molvae.chem.reasons import Note, Reason
from molvae.chem.settings import Standardization
from molvae.errors import MoleculeError
from molvae.tokens.codec import MoleculeCodec, selfies_constraints, tokenize
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN, PAD_TOKEN, Vocabulary

HOSTILE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "chem" / "hostile.json").read_text(encoding="utf-8")
)


def code_of(function: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(MoleculeError) as caught:
        function(*args, **kwargs)
    return caught.value.code


def test_real_molecules_come_back_as_they_were(codec: MoleculeCodec, molecules: list[str]) -> None:
    for smiles in molecules:
        encoded = codec.encode(smiles, verify=True)
        assert encoded.smiles == canonical_smiles(smiles)
        assert codec.decode(encoded.tokens) == encoded.smiles


def test_tokens_do_not_depend_on_how_the_molecule_was_written(codec: MoleculeCodec) -> None:
    assert codec.encode("OC(=O)c1ccccc1OC(C)=O") == codec.encode("CC(=O)Oc1ccccc1C(=O)O")


@given(st.data())
def test_any_tokens_derive_to_a_molecule_or_to_nothing(codec: MoleculeCodec, data: st.DataObject) -> None:
    tokens = data.draw(st.lists(st.integers(EOS_TOKEN + 1, len(codec.vocabulary) - 1), max_size=60))
    try:
        smiles = codec.decode(tokens)
    except MoleculeError as error:
        assert error.code == Reason.EMPTY  # noqa: PT017
    else:
        assert smiles == canonical_smiles_unchecked(smiles)


def canonical_smiles_unchecked(smiles: str) -> str:
    from rdkit import Chem

    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))


def test_begin_padding_and_what_follows_the_end_say_nothing(codec: MoleculeCodec) -> None:
    tokens = codec.encode("CCO").tokens
    assert codec.decode((BOS_TOKEN, *tokens, EOS_TOKEN, *tokens, PAD_TOKEN)) == "CCO"
    assert code_of(codec.decode, [BOS_TOKEN, EOS_TOKEN]) == Reason.EMPTY
    assert code_of(codec.decode, []) == Reason.EMPTY


@pytest.mark.parametrize("row", [row for row in HOSTILE if not row["code"]], ids=lambda row: f"row{row['row']}")
def test_an_accepted_hostile_row_is_encoded_unchanged_or_refused(row: dict[str, Any]) -> None:
    if "selfies" in row:
        assert code_of(tokenize, row["input"]) == row["selfies"]
        return
    molecule = tokenize(row["input"], verify=True)
    codec = MoleculeCodec(Vocabulary.from_symbols(molecule.symbols))
    assert codec.decode(codec.encode(row["input"]).tokens) == row["canonical"]
    assert [str(note) for note in molecule.notes] == row.get("notes", [])


def test_a_refusal_by_the_constraints_names_them() -> None:
    octet = Constraints.from_mapping(DEFAULT_CONSTRAINTS.as_dict() | {"S": 2})
    with pytest.raises(MoleculeError, match=r"not_representable.*max. of 2"):
        tokenize("CS(C)(=O)=O", constraints=octet)
    assert tokenize("CS(C)(=O)=O").symbols[0] == "[C]"


def test_an_unknown_symbol_is_named(codec: MoleculeCodec) -> None:
    small = MoleculeCodec(Vocabulary.from_symbols(["[C]"]))
    with pytest.raises(MoleculeError, match=r"unknown_symbol: \[F\], \[O\] are not") as caught:
        small.encode("OCF")
    assert caught.value.code == Reason.UNKNOWN_SYMBOL
    assert small.encode("CC").tokens == (3, 3)


def test_the_number_of_symbols_has_a_cap() -> None:
    assert code_of(tokenize, "CCCC", Standardization(max_symbols=3)) == Reason.TOO_MANY_SYMBOLS
    assert len(tokenize("CCC", Standardization(max_symbols=3)).symbols) == 3


def test_notes_reach_the_caller(codec: MoleculeCodec) -> None:
    assert codec.encode(" CCO").notes == (Note.STRIPPED,)


def test_the_constraints_of_the_process_are_put_back() -> None:
    before = selfies.get_semantic_constraints()
    table = Constraints.from_mapping({"C": 2, "?": 1})
    with selfies_constraints(table):
        assert selfies.get_semantic_constraints() == table.as_dict()
        with selfies_constraints(DEFAULT_CONSTRAINTS):
            assert selfies.get_semantic_constraints() == DEFAULT_CONSTRAINTS.as_dict()
        assert selfies.get_semantic_constraints() == table.as_dict()
    assert selfies.get_semantic_constraints() == before
    with pytest.raises(ZeroDivisionError), selfies_constraints(table):
        _ = 1 / 0
    assert selfies.get_semantic_constraints() == before


def test_the_codec_does_not_care_for_the_constraints_of_the_process(codec: MoleculeCodec) -> None:
    expected = codec.encode("CP(=O)(O)O")
    with selfies_constraints(Constraints.from_mapping({"C": 1, "?": 1})):
        assert codec.encode("CP(=O)(O)O") == expected
        assert codec.decode(expected.tokens) == expected.smiles


def test_threads_with_other_constraints_do_not_disturb_each_other(vocabulary: Vocabulary) -> None:
    sulfone = "CS(C)(=O)=O"
    default = MoleculeCodec(vocabulary)
    octet = MoleculeCodec(vocabulary, Constraints.from_mapping(DEFAULT_CONSTRAINTS.as_dict() | {"S": 2}))
    tokens = default.encode(sulfone).tokens
    found: set[tuple[str, str]] = set()

    def work(name: str, codec: MoleculeCodec) -> None:
        for _ in range(200):
            found.add((name, codec.decode(tokens)))
            if name == "octet":
                assert code_of(codec.encode, sulfone) == Reason.NOT_REPRESENTABLE

    threads = [threading.Thread(target=work, args=pair) for pair in (("default", default), ("octet", octet)) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {("default", sulfone), ("octet", octet.decode(tokens))}
    assert octet.decode(tokens) != sulfone


def test_a_vocabulary_that_nobody_can_decode_is_refused(codec: MoleculeCodec) -> None:
    codec.check()
    for symbol in ("[IH2]", "[CH9]", "[C+10]", "[X]", "[Branch4]", "[Xx]"):
        with pytest.raises(ValueError, match="symbol"):
            MoleculeCodec(Vocabulary.from_symbols(["[C]", symbol])).check()


def test_a_codec_travels_between_processes_without_its_caches(codec: MoleculeCodec) -> None:
    codec.decode(codec.encode("CCO").tokens)
    copy = pickle.loads(pickle.dumps(codec))
    assert copy == codec
    assert "_rules" not in vars(copy)
    assert copy.decode(codec.encode("CCO").tokens) == "CCO"
