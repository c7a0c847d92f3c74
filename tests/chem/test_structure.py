from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from molvae.chem.alerts import structure_alerts
from molvae.chem.descriptors import descriptors
from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.scaffolds import murcko_scaffold
from molvae.chem.structure import Structure, describe_structure
from molvae.errors import ConfigError


def test_each_part_agrees_with_what_computes_it_alone(wehi_smiles: list[str]) -> None:
    for smiles in wehi_smiles[:30]:
        found = describe_structure(smiles, ["BRENK", "PAINS"])
        assert found.smiles is not None
        if "." in found.smiles:
            continue
        assert found.sa_score == pytest.approx(descriptors(found.smiles).sa_score)
        assert found.scaffold == murcko_scaffold(found.smiles)
        assert [alert.name for alert in found.alerts if alert.catalog == "BRENK"] == structure_alerts(
            found.smiles, ["BRENK"]
        )


def test_atoms_are_numbered_as_in_the_canonical_smiles() -> None:
    found = describe_structure("CCCC[CH2]", ())
    (radical,) = found.findings
    assert found.smiles is not None
    (atom,) = radical.atoms
    assert mol_from_canonical(found.smiles).GetAtomWithIdx(atom).GetNumRadicalElectrons() == 1


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [("", "empty"), ("C1CC", "syntax"), ("C(C)(C)(C)(C)C", "valence"), ("c1cccc1", "kekulize"),
     ("C" * 20_000, "too_long"), ("CC O", "embedded_whitespace"), ("CC\x00", "bad_character"), ("CC>>CC", "reaction")],
)  # fmt: skip
def test_what_is_no_molecule_has_its_reason(smiles: str, reason: str) -> None:
    with quiet_rdkit():
        found = describe_structure(smiles)
    assert (found.smiles, found.reason) == (None, reason)
    assert found.detail


def test_hostile_inputs_get_a_row(project_root: Path) -> None:
    text = (project_root / "tests" / "chem" / "hostile.json").read_text(encoding="utf-8")
    inputs = [value for value in _strings(json.loads(text)) if len(value) < 2_000]
    assert len(inputs) > 100
    with quiet_rdkit():
        rows = [describe_structure(value, ()) for value in inputs]
    assert all((row.smiles is None) == bool(row.reason) for row in rows)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in _strings(part)]


def test_hydrogen_has_no_ease_of_synthesis() -> None:
    assert math.isnan(describe_structure("[H][H]", ()).sa_score)
    assert describe_structure("C1CC", ()) == Structure(None, "syntax", "'C1CC' is not SMILES")


def test_an_unknown_catalogue_is_refused() -> None:
    with pytest.raises(ConfigError, match="catalogs must be of"):
        describe_structure("C", ["ALL"])  # type: ignore[list-item]
