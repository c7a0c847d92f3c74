"""SDF: what is written is read again, and a bad record costs only itself."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.molecule import canonical_smiles
from molvae.chem.reasons import Reason
from molvae.chem.sdf import SdfRecord, iterate_sdf, sdf_record
from molvae.errors import MoleculeError


def read(text: str | bytes) -> list[SdfRecord]:
    return list(iterate_sdf(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def test_molecules_survive_a_round_trip_with_stereo_and_charges(wehi_smiles: list[str]) -> None:
    smiles = [canonical_smiles(text) for text in wehi_smiles[:60]]
    smiles += ["C[C@H](N)C(=O)[O-]", "C/C=C\\C", "C[N+](=O)[O-]", "[13CH4]", "C[S@](=O)CC"]
    records = read("".join(sdf_record(text, f"m{row}", {}) for row, text in enumerate(smiles)))
    assert [canonical_smiles(record.smiles) for record in records] == [canonical_smiles(text) for text in smiles]
    assert [record.name for record in records] == [f"m{row}" for row in range(len(smiles))]


def test_a_bad_record_is_refused_and_the_next_one_read() -> None:
    good = sdf_record("CCO", "good", {"id": 1})
    texas = sdf_record("CC(C)(C)C", "texas", {}).replace("  1  2  1  0", "  1  2  2  0")
    records = read(good + "rubbish\n\n\nM  END\n$$$$\n" + texas + good.replace("\n", "\r\n"))
    assert [record.refusal and record.refusal.code for record in records] == [None, Reason.SYNTAX, Reason.VALENCE, None]
    assert [record.smiles for record in records] == ["CCO", None, None, "CCO"]
    assert [record.name for record in records] == ["good", "rubbish", "texas", "good"]


def test_a_row_without_molecule_keeps_its_place() -> None:
    [record] = read(sdf_record("", "nothing", {"reason": "syntax"}))
    assert (record.smiles, record.name, record.properties) == ("", "nothing", {"reason": "syntax"})


def test_a_last_record_without_its_end_is_read_and_blank_lines_are_none() -> None:
    assert [record.smiles for record in read(sdf_record("CCO", "x", {}).replace("$$$$\n", ""))] == ["CCO"]
    assert read("") == []
    assert len(read(sdf_record("CCO", "x", {}) + "\n\n")) == 1


def test_an_endless_record_does_not_fill_the_memory() -> None:
    [record] = read(b"x\n" + b"C" * 5_000_000 + b"\n$$$$\n")
    assert record.refusal is not None
    assert record.refusal.code == Reason.TOO_LONG


def test_old_encodings_are_read() -> None:
    [record] = read(sdf_record("CCO", "caf\u00e9", {}).encode("latin-1"))
    assert record.name == "caf\u00e9"


@given(st.text(max_size=30), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8))
def test_no_value_can_open_a_property_or_end_its_record(value: str, key: str) -> None:
    records = read(sdf_record("CCO", value, {key: value, "last": "1"}) + sdf_record("CCN", "second", {}))
    assert [record.smiles for record in records] == ["CCO", "CCN"]
    assert records[0].properties["last"] == "1"


def test_an_unreadable_smiles_is_not_written() -> None:
    with pytest.raises(MoleculeError, match="syntax"):
        sdf_record("C1CC", "x", {})
