"""The gate: what an input must be to become a molecule, one reason code for each refusal.

In order: type, characters, blanks, length, other formats, RDKit, standardization, graph checks, canonical isomeric
SMILES. A molecule on the common path is parsed once, and every check that a text search or one RDKit call can
settle is settled so: a loop over the atoms in Python costs as much as canonicalization.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TypeAlias

from rdkit import Chem
from rdkit.Chem import rdqueries

from molvae.chem.limits import check_ring_bonds, foreign_mol
from molvae.chem.logs import quiet_rdkit
from molvae.chem.reasons import Note, Reason
from molvae.chem.refusals import (
    check_format,
    refuse_blank,
    refuse_characters,
    refuse_type,
    refuse_unparsable,
    selfies_hint,
    shown,
)
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.chem.standardize import clear_atom_maps, dropped_stereo, standardize
from molvae.errors import MoleculeError

_BLANKS = " \t\r\n"  # what a file reader may leave at the ends
_UNUSUAL_BOND = re.compile("[~$:<>]")  # every bond but single, double, triple and aromatic ones is written with one
_CARBON = re.compile(r"C(?![a-z])|(?<![A-Z])c")
# Aromatic atoms beyond those of drug-like molecules: RDKit finds `[si+]1bn1` aromatic and then cannot kekulize it.
_RARE_AROMATIC = re.compile(r"\[\d*(?!nH\]|n[+-]\]|[os]\+\]|se\])[a-z]")
_BONDS = frozenset((Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE))

Mol: TypeAlias = Chem.Mol  # for annotations where rdkit may not be imported


@dataclass(frozen=True, slots=True)
class Molecule:
    """An accepted molecule: canonical isomeric SMILES, what was changed on the way, and RDKit's object."""

    smiles: str
    notes: tuple[Note, ...]
    mol: Chem.Mol


def _parser(sanitize: bool) -> Chem.SmilesParserParams:
    params = Chem.SmilesParserParams()
    settings = {"allowCXSMILES": False, "parseName": False, "sanitize": sanitize, "removeHs": sanitize}
    for name, value in settings.items():  # CXSMILES would add radicals, stereo and R groups
        setattr(params, name, value)
    return params


_PARSER = _parser(sanitize=True)
_RAW_PARSER = _parser(sanitize=False)


def read_molecule(smiles: object, standardization: Standardization = DEFAULT_STANDARDIZATION) -> Molecule:
    """Return the molecule of a SMILES string or of an RDKit molecule, standardized and checked.

    Raises:
        MoleculeError: with a code of `Reason`, and a detail that says what was found.

    >>> read_molecule("OCC").smiles
    'CCO'
    >>> read_molecule(" [CH3:1][OH:2]").notes
    (<Note.STRIPPED: 'stripped'>, <Note.MAPS_REMOVED: 'maps_removed'>)
    >>> read_molecule("C(C)(C)(C)(C)C")
    Traceback (most recent call last):
        ...
    molvae.errors.MoleculeError: valence: explicit valence for atom # 0 C, 5, is greater than permitted
    """
    with quiet_rdkit():
        return read_quietly(smiles, standardization)


def canonical_smiles(smiles: object, standardization: Standardization = DEFAULT_STANDARDIZATION) -> str:
    """Return the canonical isomeric SMILES of an input that passes the gate.

    Raises:
        MoleculeError: the gate refuses it.

    >>> canonical_smiles("C(C)O")
    'CCO'
    """
    return read_molecule(smiles, standardization).smiles


def read_any(smiles: object, standardization: Standardization = DEFAULT_STANDARDIZATION) -> Chem.Mol:
    """Return the molecule of any text that RDKit reads within the caps of the gate: also radicals, mixtures, metals.

    Raises:
        MoleculeError: with the code of what is wrong with the text, RDKit's verdict, or `too_large`.

    >>> read_any("[Na+].[Cl-]").GetNumAtoms()
    2
    """
    text = _checked_text(smiles, standardization, [])
    mol = _parsed(text)
    _check_size(mol, standardization)
    if mol.GetNumAtoms() == 0:
        raise MoleculeError(Reason.EMPTY, "there are no atoms")
    return mol


def mol_from_canonical(smiles: str | Chem.Mol) -> Chem.Mol:
    """Return the RDKit molecule of a SMILES string that molvae wrote, without the checks of the gate.

    An RDKit molecule is returned as it is.

    Raises:
        MoleculeError: RDKit cannot read it, so molvae did not write it.

    >>> mol_from_canonical("CCO").GetNumAtoms()
    3
    """
    if isinstance(smiles, Chem.Mol):
        return smiles
    mol = Chem.MolFromSmiles(smiles, _PARSER)
    if mol is None or mol.GetNumAtoms() == 0:
        raise MoleculeError(Reason.SYNTAX, f"{shown(smiles)} is not a SMILES string that molvae wrote")
    return mol


def rdkit_canonical(smiles: str, *, stereo: bool = True) -> str | None:
    """Return the canonical SMILES of whatever RDKit reads, None for what it cannot read; for comparing with others.

    >>> rdkit_canonical("[Na+].[Cl-]"), rdkit_canonical("C1CC")
    ('[Cl-].[Na+]', None)
    """
    mol = foreign_mol(smiles)
    if mol is None or mol.GetNumAtoms() == 0:
        return None
    return Chem.MolToSmiles(mol, isomericSmiles=stereo)


def canonical_of_derived(smiles: str, standardization: Standardization = DEFAULT_STANDARDIZATION) -> str:
    """Return the canonical isomeric SMILES of what SELFIES symbols derived to.

    Raises:
        MoleculeError: no atoms (`empty`), more atoms or rings than `standardization` takes (`too_large`), or a molecule
            that RDKit refuses.

    >>> canonical_of_derived("C1=CC=CC=C1")
    'c1ccccc1'
    """
    return derived_molecule(smiles, standardization).smiles


def derived_molecule(smiles: str, standardization: Standardization = DEFAULT_STANDARDIZATION) -> Molecule:
    """Return the molecule of a SMILES string that a program wrote: of the gate's checks, the size only.

    Raises:
        MoleculeError: as `canonical_of_derived`.
    """
    if not smiles:
        raise MoleculeError(Reason.EMPTY, "the symbols derive to no atoms")
    check_ring_bonds(smiles, standardization.max_rings)
    mol = Chem.MolFromSmiles(smiles, _PARSER)
    if mol is None:
        refuse_unparsable(smiles, Chem.MolFromSmiles(smiles, _RAW_PARSER))
    _check_size(mol, standardization)
    return Molecule(_canonical(mol, smiles), (), mol)


def _canonical(mol: Chem.Mol, text: str) -> str:
    """Return the canonical isomeric SMILES of the molecule of `text`.

    In the rare case that RDKit cannot read its own aromatic SMILES, it has single and double bonds as `text` has them.
    """
    smiles = Chem.MolToSmiles(mol)
    if _RARE_AROMATIC.search(smiles) and Chem.MolFromSmiles(smiles, _PARSER) is None:
        mol = Chem.MolFromSmiles(text, _RAW_PARSER)
        Chem.SanitizeMol(mol, Chem.SanitizeFlags.SANITIZE_ALL ^ Chem.SanitizeFlags.SANITIZE_SETAROMATICITY)
        Chem.AssignStereochemistry(mol, cleanIt=True)
        smiles = Chem.MolToSmiles(Chem.RemoveHs(mol, sanitize=False))
    return smiles


def kekulized_smiles(mol: Chem.Mol) -> str:
    """Return the SMILES of `mol` with alternating single and double bonds in place of aromatic ones.

    >>> kekulized_smiles(mol_from_canonical("c1ccccc1"))
    'C1=CC=CC=C1'
    """
    mol = Chem.Mol(mol)
    Chem.Kekulize(mol, clearAromaticFlags=True)
    return Chem.MolToSmiles(mol)


def read_quietly(smiles: object, standardization: Standardization) -> Molecule:
    """Do what `read_molecule` does and leave RDKit's log alone: for bulk work inside one `quiet_rdkit`."""
    notes: list[Note] = []
    if isinstance(smiles, Chem.Mol):
        smiles = _smiles_of(smiles, standardization, notes)
    text = _checked_text(smiles, standardization, notes)
    mol = _parsed(text)
    if standardization is not DEFAULT_STANDARDIZATION:
        mol = standardize(mol, standardization, notes)
    _check_graph(mol, text, standardization)
    if ":" in text:
        clear_atom_maps(mol, notes)
    canonical = _canonical(mol, text)
    if "." in canonical:
        raise MoleculeError(
            Reason.MIXTURE,
            f"{canonical.count('.') + 1} components; give one, or keep the largest with largest_fragment",
        )
    if not _CARBON.search(canonical):
        raise MoleculeError(Reason.NO_CARBON, f"{shown(canonical)} has no carbon atom")
    directed = "/" in text or "\\" in text
    if text != canonical and (directed or "@" in text):
        raw = Chem.MolFromSmiles(text, _RAW_PARSER) if directed else None
        if dropped_stereo(text, canonical, mol, raw):
            notes.append(Note.STEREO_DROPPED)
    return Molecule(canonical, tuple(dict.fromkeys(notes)) if notes else (), mol)


def _checked_text(smiles: object, standardization: Standardization, notes: list[Note]) -> str:
    if not isinstance(smiles, str):
        refuse_type(smiles)
    text = smiles.strip(_BLANKS)
    if not text:
        raise MoleculeError(Reason.EMPTY, "there is no text")
    head = text[: standardization.max_characters + 1]  # a line of a megabyte is refused without being searched
    if not (text.isascii() and head.isprintable()):
        refuse_characters(text)
    if " " in head:
        refuse_blank(head)
    if len(text) > standardization.max_characters:
        raise MoleculeError(
            Reason.TOO_LONG, f"{len(text):,} characters, at most {standardization.max_characters:,} are read"
        )
    if len(text) != len(smiles):
        notes.append(Note.STRIPPED)
    check_format(text)
    check_ring_bonds(text, standardization.max_rings)
    return text


def _parsed(text: str) -> Chem.Mol:
    try:
        mol = Chem.MolFromSmiles(text, _PARSER)
    except (RuntimeError, ValueError) as err:  # a pre-condition inside RDKit, as a metal with 400 neighbours breaks
        raise MoleculeError(Reason.VALENCE, f"RDKit fails on it: {shown(str(err).strip(), 200)}") from err
    if mol is None:
        refuse_unparsable(text, Chem.MolFromSmiles(text, _RAW_PARSER))
    return mol


def _check_size(mol: Chem.Mol, standardization: Standardization) -> None:
    if mol.GetNumHeavyAtoms() > standardization.max_atoms:
        raise MoleculeError(
            Reason.TOO_LARGE, f"{mol.GetNumHeavyAtoms()} heavy atoms, at most {standardization.max_atoms} are read"
        )
    if mol.GetRingInfo().NumRings() > standardization.max_rings:
        raise MoleculeError(
            Reason.TOO_LARGE, f"{mol.GetRingInfo().NumRings()} rings, at most {standardization.max_rings} are read"
        )


def _check_graph(mol: Chem.Mol, text: str, standardization: Standardization) -> None:
    _check_size(mol, standardization)
    if _UNUSUAL_BOND.search(text):
        _check_bonds(mol)
    if mol.HasSubstructMatch(_suspect_atoms(standardization.elements)):
        _check_atoms(mol, text, standardization)


def _check_bonds(mol: Chem.Mol) -> None:
    for bond in mol.GetBonds():
        aromatic = bond.GetBondType() == Chem.BondType.AROMATIC and bond.GetIsAromatic()
        if bond.HasQuery() or not (aromatic or bond.GetBondType() in _BONDS):  # "~" in an aromatic ring passes for one
            begin, end = bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()
            raise MoleculeError(
                Reason.BOND_TYPE,
                f"a bond of type {bond.GetBondType()} between {begin} and {end}; single, double, triple and aromatic"
                " ones have SELFIES symbols",
            )


@functools.lru_cache(maxsize=16)
def _suspect_atoms(elements: tuple[str, ...]) -> Chem.Mol:
    """Return a query for one atom that has unpaired electrons or is none of `elements`: one search replaces a loop."""
    table = Chem.GetPeriodicTable()
    query = Chem.AtomFromSmarts("[" + ";".join(f"!#{table.GetAtomicNumber(element)}" for element in elements) + "]")
    query.ExpandQuery(rdqueries.NumRadicalElectronsGreaterQueryAtom(0), Chem.CompositeQueryType.COMPOSITE_OR)
    pattern = Chem.RWMol()
    pattern.AddAtom(query)
    return pattern.GetMol()


def _check_atoms(mol: Chem.Mol, text: str, standardization: Standardization) -> None:
    atoms = list(mol.GetAtoms())
    for atom in atoms:
        if atom.GetAtomicNum() == 0:
            raise MoleculeError(Reason.DUMMY, f"atom {atom.GetIdx()} is a wildcard or attachment point")
    for atom in atoms:
        if atom.GetSymbol() not in standardization.elements:
            raise MoleculeError(
                Reason.ELEMENT, f"{atom.GetSymbol()} is not among {', '.join(standardization.elements)}"
            )
    for atom in atoms:
        if atom.GetNumRadicalElectrons():
            raise MoleculeError(
                Reason.RADICAL,
                f"atom {atom.GetIdx()} ({atom.GetSymbol()}) has {atom.GetNumRadicalElectrons()} unpaired electrons"
                + selfies_hint(text),
            )


def _smiles_of(mol: Chem.Mol, standardization: Standardization, notes: list[Note]) -> str:
    if mol.GetNumHeavyAtoms() > standardization.max_atoms:  # writing a chain of 18,125 atoms overflows the stack
        raise MoleculeError(
            Reason.TOO_LARGE, f"{mol.GetNumHeavyAtoms()} heavy atoms, at most {standardization.max_atoms} are read"
        )
    if (rings := mol.GetNumBonds() - mol.GetNumAtoms() + 1) > standardization.max_rings:
        raise MoleculeError(Reason.TOO_LARGE, f"{rings} rings, at most {standardization.max_rings} are read")
    if mol.GetStereoGroups():
        notes.append(Note.STEREO_DROPPED)  # a racemate would become one enantiomer's SMILES without a word
    mol = Chem.Mol(mol)
    try:
        Chem.SanitizeMol(mol)
    except (RuntimeError, ValueError) as err:
        refuse_unparsable(shown(str(err), 200), mol)
    return Chem.MolToSmiles(mol)
