from __future__ import annotations

import json
from pathlib import Path

import pytest
from rdkit import Chem

from molvae.chem.fingerprints import tanimoto
from molvae.chem.mending import mended
from molvae.chem.molecule import canonical_smiles
from molvae.chem.oddities import Oddity, oddities

LARGE = (Oddity.MACROCYCLE, Oddity.MEDIUM_RING)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)O"),
        ("CC(=O)Oc1ccccc1C(=O)O)", "CC(=O)Oc1ccccc1C(=O)O"),
        ("CC(=O)Oc1ccccc1C(=O", "CC(=O)Oc1ccccc1C=O"),
        ("C1CC(C", "CCCC"),
        ("CCO aspirin", "CCO"),
        ("CCO |^1:0|", "CCO"),
        ("CN(C)(C)C", "CN(C)C"),
        ("CC(=O)(C)C", "CC(C)(C)O"),  # five bonds: the double one is lowered
        ("c1ccc2c(c1)ccn2", "c1ccc2[nH]ccc2c1"),
        ("[CH2]CO", "CCO"),
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),
        ("C1=CC1C", "CC1CC1"),
        ("C1=C=CCCC1", "C1CCCCC1"),
        ("C1#CCCCC1", "C1CCCCC1"),
        ("CS(C)(C)C", "CSC"),
        ("CC[N", "CC"),
    ],
)
def test_slips_and_oddities_are_put_right(text: str, expected: str) -> None:
    assert mended(text) == canonical_smiles(expected)


@pytest.mark.parametrize("text", ["", " ", "?", "(((", "[[[[", "\x00", "日本", "12345", "[Fe]" * 60, "C1" * 400])
def test_what_holds_no_molecule_is_left_or_becomes_an_ordinary_one(text: str) -> None:
    smiles = mended(text)
    assert smiles is None or is_ordinary(smiles)


def is_ordinary(smiles: str) -> bool:
    mol = Chem.MolFromSmiles(smiles)
    return mol is not None and [finding for finding in oddities(mol) if finding.code not in LARGE] == []


def test_real_molecules_stay_as_they_are(wehi_smiles: list[str]) -> None:
    neutral = [smiles for smiles in wehi_smiles if not set(".+-@") & set(smiles)][:100]
    assert [mended(smiles) for smiles in neutral] == [canonical_smiles(smiles) for smiles in neutral]


def test_a_lost_character_is_seldom_a_lost_molecule(wehi_smiles: list[str]) -> None:
    neutral = [smiles for smiles in wehi_smiles if not set(".+-@") & set(smiles)][:60]
    cut = [smiles[: len(smiles) // 2] + smiles[len(smiles) // 2 + 1 :] for smiles in neutral]
    found = [mended(text) for text in cut]
    assert all(smiles is None or is_ordinary(smiles) for smiles in found)
    near = [tanimoto(before, after) for before, after in zip(neutral, found, strict=True) if after is not None]
    assert len(near) > 50
    assert sum(near) / len(near) > 0.4


def test_hostile_inputs_do_no_harm(project_root: Path) -> None:
    text = (project_root / "tests" / "chem" / "hostile.json").read_text(encoding="utf-8")
    for value in _strings(json.loads(text)):
        smiles = mended(value)
        assert smiles is None or is_ordinary(smiles), value[:60]


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in _strings(part)]
