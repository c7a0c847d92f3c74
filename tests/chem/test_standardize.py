"""Standardization: nothing is changed unless the settings ask, and each change is noted."""

from __future__ import annotations

import pytest

from molvae.chem.molecule import read_molecule
from molvae.chem.reasons import Note
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.errors import ConfigError


@pytest.mark.parametrize(
    ("smiles", "settings", "expected", "note"),
    [
        ("CC(=O)[O-].[Na+]", {"largest_fragment": True}, "CC(=O)[O-]", Note.LARGEST_FRAGMENT),
        ("C[NH3+]", {"neutralize": True}, "CN", Note.NEUTRALIZED),
        ("C[C@H](F)Cl", {"keep_stereo": False}, "CC(F)Cl", Note.STEREO_DROPPED),
        ("C/C=C/C", {"keep_stereo": False}, "CC=CC", Note.STEREO_DROPPED),
        ("[2H]C([2H])O", {"keep_isotopes": False}, "CO", Note.ISOTOPES_DROPPED),
        ("[13CH3]O", {"keep_isotopes": False}, "CO", Note.ISOTOPES_DROPPED),
    ],
)
def test_each_setting_changes_what_it_names_and_notes_it(
    smiles: str, settings: dict[str, bool], expected: str, note: Note
) -> None:
    molecule = read_molecule(smiles, Standardization(**settings))  # type: ignore[arg-type]
    assert (molecule.smiles, molecule.notes) == (expected, (note,))
    assert read_molecule(expected, Standardization(**settings)).notes == ()  # type: ignore[arg-type]


def test_a_molecule_that_needs_no_change_has_no_note() -> None:
    everything = Standardization(keep_stereo=False, keep_isotopes=False, largest_fragment=True, neutralize=True)
    assert read_molecule("CCO", everything).notes == ()
    assert read_molecule("C[N+](=O)[O-]", everything).smiles == "C[N+](=O)[O-]"


@pytest.mark.parametrize(
    ("smiles", "dropped"),
    [
        ("C[C@H](F)Cl", False),
        ("C[C@H](C)F", True),  # two equal neighbours
        ("C[C@@H](F)Cl", False),
        ("C/C=C/C", False),
        ("C\\C=C\\C", False),
        ("C/C=C(/C)C", True),
        ("C/C=C/C=C/C", False),
        ("C/C=C/C=C(/C)C", True),
        ("F[C@@]12NCCCC1CCCO2", False),
        ("C/C=C/[C@H](F)Cl", False),
        ("C[C@H]1CC[C@H](C)CC1", False),
    ],
)
def test_lost_stereo_is_noted_and_only_that(smiles: str, dropped: bool) -> None:
    assert (Note.STEREO_DROPPED in read_molecule(smiles).notes) is dropped


def test_the_largest_fragment_is_still_checked() -> None:
    from molvae.errors import MoleculeError

    with pytest.raises(MoleculeError, match="element"):
        read_molecule("C[Mg]Br.O", Standardization(largest_fragment=True))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="max_rings"):
        Standardization(max_rings=100)
    with pytest.raises(ConfigError, match="elements"):
        Standardization(elements=())
    assert Standardization() == DEFAULT_STANDARDIZATION
