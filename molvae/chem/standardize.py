"""What the settings of a model change in a molecule before it is checked, each change with its note."""

from __future__ import annotations

import functools
import re

from rdkit import Chem

from molvae.chem.reasons import Note
from molvae.chem.settings import Standardization

_CHIRAL_MARK = re.compile("@+")
_DIRECTIONS = frozenset((Chem.BondDir.ENDUPRIGHT, Chem.BondDir.ENDDOWNRIGHT))
_NO_STEREO = frozenset((Chem.BondStereo.STEREONONE, Chem.BondStereo.STEREOANY))


def standardize(mol: Chem.Mol, standardization: Standardization, notes: list[Note]) -> Chem.Mol:
    """Return the molecule as `standardization` wants it and append a note for each change; `mol` may be changed."""
    if standardization.largest_fragment:
        mol = _largest_fragment(mol, notes)
    if standardization.neutralize:
        mol = _neutralized(mol, notes)
    if not standardization.keep_isotopes:
        mol = _without_isotopes(mol, notes)
    if not standardization.keep_stereo and _has_stereo(mol):
        Chem.RemoveStereochemistry(mol)
        notes.append(Note.STEREO_DROPPED)
    return mol


def clear_atom_maps(mol: Chem.Mol, notes: list[Note]) -> None:
    """Remove atom-map numbers in place: SELFIES has no place for them."""
    for atom in mol.GetAtoms():
        if atom.HasProp("molAtomMapNumber"):  # also the number 0, which RDKit writes again
            atom.ClearProp("molAtomMapNumber")
            notes.append(Note.MAPS_REMOVED)


def dropped_stereo(text: str, canonical: str, mol: Chem.Mol, raw: Chem.Mol | None) -> bool:
    """Tell whether stereo marks of `text` are missing from the molecule that RDKit made of it.

    RDKit drops allenes, atropisomers and marks on centres with equal neighbours while it parses, so no round trip
    can see it. `raw` is the unsanitized molecule, needed where the text has a `/` or a backslash.
    """
    if len(_CHIRAL_MARK.findall(text)) > len(_CHIRAL_MARK.findall(canonical)):
        return True
    if raw is None:
        return False
    return _directed_double_bonds(raw) > sum(bond.GetStereo() not in _NO_STEREO for bond in mol.GetBonds())


def _directed_double_bonds(raw: Chem.Mol) -> int:
    directed = {
        end
        for bond in raw.GetBonds()
        if bond.GetBondDir() in _DIRECTIONS
        for end in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    }
    return sum(
        bond.GetBondType() == Chem.BondType.DOUBLE
        and bond.GetBeginAtomIdx() in directed
        and bond.GetEndAtomIdx() in directed
        for bond in raw.GetBonds()
    )


def _has_stereo(mol: Chem.Mol) -> bool:
    return any(atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for atom in mol.GetAtoms()) or any(
        bond.GetStereo() != Chem.BondStereo.STEREONONE for bond in mol.GetBonds()
    )


def _largest_fragment(mol: Chem.Mol, notes: list[Note]) -> Chem.Mol:
    if len(Chem.GetMolFrags(mol)) == 1:
        return mol
    notes.append(Note.LARGEST_FRAGMENT)
    chosen: Chem.Mol = _fragment_chooser().choose(mol)
    return chosen


def _neutralized(mol: Chem.Mol, notes: list[Note]) -> Chem.Mol:
    if not any(atom.GetFormalCharge() for atom in mol.GetAtoms()):
        return mol
    before = [atom.GetFormalCharge() for atom in mol.GetAtoms()]
    mol = _uncharger().uncharge(mol)
    if before != [atom.GetFormalCharge() for atom in mol.GetAtoms()]:
        notes.append(Note.NEUTRALIZED)
    return mol


def _without_isotopes(mol: Chem.Mol, notes: list[Note]) -> Chem.Mol:
    labelled = [atom for atom in mol.GetAtoms() if atom.GetIsotope()]
    if not labelled:
        return mol
    for atom in labelled:
        atom.SetIsotope(0)
    notes.append(Note.ISOTOPES_DROPPED)
    return Chem.RemoveHs(mol)  # [2H] is an atom, [H] on carbon is not


@functools.cache
def _fragment_chooser():  # type: ignore[no-untyped-def]
    from rdkit.Chem.MolStandardize import rdMolStandardize

    return rdMolStandardize.LargestFragmentChooser()


@functools.cache
def _uncharger():  # type: ignore[no-untyped-def]
    from rdkit.Chem.MolStandardize import rdMolStandardize

    return rdMolStandardize.Uncharger()
