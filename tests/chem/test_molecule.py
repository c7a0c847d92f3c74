"""The gate: every hostile row gets its stated outcome, and what passes is never changed in silence."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from molvae.chem.molecule import Molecule, canonical_of_derived, canonical_smiles, mol_from_canonical, read_molecule
from molvae.chem.reasons import Note, Reason
from molvae.chem.settings import Standardization
from molvae.errors import MoleculeError

HOSTILE: list[dict[str, Any]] = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
REFUSED = [row for row in HOSTILE if row["code"]]
ACCEPTED = [row for row in HOSTILE if not row["code"]]

GIANTS = {
    75: "C" * 10_000,
    76: "C" * 20_000,
    77: "C1" + "C" * 14_000 + "1",
    78: "C(" * 20_000 + "C" + ")" * 20_000,
    81: "C(" * 2_047 + "C" * 2_048 + ")" * 2_047,
    82: "[Fe]" + "(C)" * 400,
    83: "[" + "1" * 5_000 + "C]",
    84: "(" * 1_000_000,
    85: ".".join("C" * 5_000),
}


def single(smiles: list[str]) -> list[str]:
    return [text for text in smiles if "." not in text]


def read_or_refuse(value: object) -> Molecule | MoleculeError:
    try:
        return read_molecule(value)
    except MoleculeError as error:
        return error


def refusal(value: object, standardization: Standardization | None = None) -> MoleculeError:
    with pytest.raises(MoleculeError) as caught:
        read_molecule(value, standardization or Standardization())
    return caught.value


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"row{row['row']}-{row['code']}")
def test_a_hostile_input_is_refused_with_its_reason(row: dict[str, Any]) -> None:
    error = refusal(row["input"])
    assert error.code == row["code"]
    assert row.get("hint", "") in error.detail
    assert error.detail.isascii()
    assert error.detail.isprintable()


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: f"row{row['row']}")
def test_an_unusual_molecule_is_accepted_with_its_notes(row: dict[str, Any]) -> None:
    molecule = read_molecule(row["input"])
    assert molecule.smiles == row["canonical"]
    assert [str(note) for note in molecule.notes] == row.get("notes", [])


def test_every_reason_that_the_gate_can_give_has_a_hostile_row() -> None:
    later = {
        Reason.NOT_REPRESENTABLE,
        Reason.UNKNOWN_SYMBOL,
        Reason.TOO_MANY_SYMBOLS,
        Reason.NOT_SELECTED,
        Reason.CRASHED,
    }
    generated = {Reason.TOO_LONG, Reason.TOO_LARGE}
    assert {row["code"] for row in REFUSED} == {str(reason) for reason in set(Reason) - later - generated}


@pytest.mark.parametrize("number", GIANTS)
def test_a_giant_is_refused_before_rdkit_sees_it(number: int) -> None:
    began = time.process_time()
    error = refusal(GIANTS[number])
    assert error.code == Reason.TOO_LONG
    assert len(error.detail) < 200
    assert time.process_time() - began < 0.05  # RDKit would take seconds, gigabytes or the process


def test_the_caps_are_settings() -> None:
    assert refusal("C1CC1" * 100).code == Reason.TOO_LARGE
    assert refusal("C1CC1" * 99).code == Reason.TOO_LARGE
    raised = Standardization(max_atoms=400, max_rings=99)
    assert read_molecule("C1CC1" * 99, raised).mol.GetNumAtoms() == 297
    assert refusal("C1CC1" * 100, raised).code == Reason.TOO_LARGE
    assert refusal("[Fe]" + "(C)" * 400, Standardization(max_characters=10_000, max_atoms=1_000)).code in set(Reason)
    assert refusal("CCC", Standardization(max_atoms=2)).code == Reason.TOO_LARGE
    assert refusal("CCC", Standardization(max_characters=2)).code == Reason.TOO_LONG


NEIGHBOURS = [  # an accepted molecule close to what each code refuses
    "C", "\tCCO \r\n", "C" * 100, "C1CC1CC2CC2", "C/C=C\\C", "C#N", "C=[N+]=[N-]", "[CH3-]",
    "C[Si](C)(C)C", "CI", "c1ccc[nH]1", "c1ccc2ccccc2c1", "CP(=O)(O)O", "C[S+](C)C", "[2H]C", "[13CH3]O",
]  # fmt: skip


@pytest.mark.parametrize("smiles", NEIGHBOURS)
def test_an_ordinary_molecule_near_a_refusal_is_accepted(smiles: str) -> None:
    assert read_molecule(smiles).mol.GetNumAtoms() > 0


def test_the_first_rule_that_is_broken_gives_the_code() -> None:
    assert refusal("C\u041e" + "C" * 5_000).code == Reason.BAD_CHARACTER
    assert refusal("C C" + "C" * 5_000).code == Reason.EMBEDDED_WHITESPACE
    assert refusal("C" * 1_001 + ">>C").code == Reason.TOO_LONG
    assert refusal("*.[Na]").code == Reason.DUMMY
    assert refusal("[Na].[CH3]").code == Reason.ELEMENT


def test_a_missing_value_of_any_library_is_refused_as_a_type() -> None:
    import numpy as np
    import pandas as pd

    for value in (None, float("nan"), np.nan, pd.NA, pd.NaT, np.array(["C", "O"]), b"CCO", object()):
        assert refusal(value).code == Reason.TYPE
    assert read_molecule(np.str_("OCC")).smiles == "CCO"


def test_reading_what_was_written_changes_nothing(wehi_smiles: list[str]) -> None:
    for smiles in single(wehi_smiles[:300]):
        canonical = read_molecule(smiles).smiles
        again = read_molecule(canonical)
        assert (again.smiles, again.notes) == (canonical, ())


def test_the_order_of_the_atoms_in_the_input_does_not_matter(wehi_smiles: list[str]) -> None:
    for seed, smiles in enumerate(single(wehi_smiles[:100])):
        mol = mol_from_canonical(smiles)
        [shuffled] = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed + 1)
        assert canonical_smiles(shuffled) == canonical_smiles(smiles)


ALPHABET = [
    *"CNOFSPIBcnos[]()=#$:~.-+\\/@%123459*>H ",
    "[nH]",
    "[C@@H]",
    "Cl",
    "Br",
    "[O-]",
    "[Na+]",
    "%10",
    "\u00e9",
    "\n",
]


@given(st.lists(st.sampled_from(ALPHABET), max_size=25).map("".join))
def test_any_text_is_read_or_refused_with_a_known_reason(text: str) -> None:
    outcome = read_or_refuse(text)
    if isinstance(outcome, MoleculeError):
        assert outcome.code in set(Reason)
        assert outcome.detail
    else:
        assert read_molecule(outcome.smiles).smiles == outcome.smiles


@given(st.data())
def test_a_mutated_molecule_is_read_or_refused_with_a_known_reason(wehi_smiles: list[str], data: st.DataObject) -> None:
    text = list(data.draw(st.sampled_from(wehi_smiles[:500])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from([*ALPHABET, ""]))
    outcome = read_or_refuse("".join(text))
    assert isinstance(outcome, Molecule) or outcome.code in set(Reason)


def test_an_rdkit_molecule_is_read_as_its_smiles_is() -> None:
    mol = Chem.AddHs(Chem.MolFromSmiles("C[C@H](N)C(=O)O"))
    before = Chem.MolToSmiles(mol)
    assert read_molecule(mol).smiles == read_molecule("C[C@H](N)C(=O)O").smiles
    assert Chem.MolToSmiles(mol) == before
    assert refusal(Chem.MolFromSmiles("C[Na]")).code == Reason.ELEMENT
    assert refusal(Chem.MolFromSmiles("C(C)(C)(C)(C)C", sanitize=False)).code == Reason.VALENCE
    assert refusal(Chem.Mol()).code == Reason.EMPTY
    assert refusal(Chem.MolFromSmarts("[C,N]~*")).code in {Reason.DUMMY, Reason.BOND_TYPE, Reason.SYNTAX}
    chain = Chem.RWMol()
    for _ in range(20_000):
        chain.AddAtom(Chem.Atom(6))
    assert refusal(chain.GetMol()).code == Reason.TOO_LARGE


def test_an_enhanced_stereo_label_is_noted_when_it_is_lost() -> None:
    racemate = Chem.MolFromSmiles("C[C@H](F)Cl |&1:1|")
    assert Note.STEREO_DROPPED in read_molecule(racemate).notes


def test_rdkit_logs_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    status = rdBase.LogStatus()
    refusal("C1CC")
    assert rdBase.LogStatus() == status
    assert capfd.readouterr().err == ""


def test_a_derived_smiles_becomes_canonical_or_is_refused() -> None:
    assert canonical_of_derived("C1=CC=CC=C1") == "c1ccccc1"
    for text, code in (("", Reason.EMPTY), ("C1CC", Reason.SYNTAX), ("C(C)(C)(C)(C)C", Reason.VALENCE)):
        with pytest.raises(MoleculeError) as caught:
            canonical_of_derived(text)
        assert caught.value.code == code


def test_rdkit_can_read_what_is_written() -> None:
    rare = "B1=N[Si+1]1[Cl+1][Si][N-1]C=[S+2][I+1]C=[N-1]"  # aromatic to RDKit, which cannot read it as such
    assert Chem.MolFromSmiles(canonical_of_derived(rare)) is not None


def test_a_smiles_that_molvae_did_not_write_is_refused() -> None:
    with pytest.raises(MoleculeError, match="molvae wrote"):
        mol_from_canonical("")
