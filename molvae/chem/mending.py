"""An ordinary molecule from a text that RDKit refuses, or from an odd molecule, changed as little as simple rules can.

The rules are those of a person who corrects a slip: close what is open, leave out what stands alone, take a bond off an
atom that has too many, give radicals their hydrogens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from molvae.chem.limits import ring_bonds
from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import read_any
from molvae.chem.oddities import Finding, Oddity, oddities
from molvae.chem.settings import DEFAULT_STANDARDIZATION as DEFAULT
from molvae.errors import MoleculeError

_LONGEST, _MAX_ATOMS, _MAX_RINGS = DEFAULT.max_characters, DEFAULT.max_atoms, DEFAULT.max_rings
_TURNS = 20  # corrections of one molecule
_CUT = 40  # characters that may be left out at the end, and not more than a third
_TOKEN = re.compile(r"\[[^\[\]]*\]|%\d\d|Cl|Br|.")
_RING = re.compile(r"%\d\d|\d")
_EMPTY_BRANCH = re.compile(r"\([-=#$:/\\]*\)")
_HANGING = re.compile(r"[-=#$:/\\(.]+$")  # what a text cannot end with
_TOO_MANY_BONDS = frozenset(
    (Oddity.STRAINED_RING, Oddity.RING_ALLENE, Oddity.RING_ALKYNE, Oddity.BRIDGEHEAD_DOUBLE_BOND)
)


def mended(text: str) -> str | None:
    """Return the canonical SMILES of an ordinary molecule near a text, None where the rules find none.

    Ordinary is a single component without anything odd; large rings stay. A molecule that is ordinary is returned as it
    is.

    >>> mended("CC(=O)Oc1ccccc1C(=O)O)"), mended("C1CC(C"), mended("CN(C)(C)C"), mended("[CH2]CO")
    ('CC(=O)Oc1ccccc1C(=O)O', 'CCCC', 'CN(C)C', 'CCO')
    """
    with quiet_rdkit():
        for written in _texts(text.strip()[:_LONGEST]):
            raw = None if ring_bonds(written) > _MAX_RINGS else Chem.MolFromSmiles(written, sanitize=False)
            if raw is not None and 0 < raw.GetNumAtoms() <= _MAX_ATOMS:
                mol = _with_possible_bonds(Chem.RWMol(raw))
                smiles = _ordinary(mol) if mol is not None else None
                if smiles is not None:
                    return smiles
    return None


def _texts(text: str) -> Iterator[str]:
    """Yield the text, the text with its brackets and rings put right, and shorter and shorter beginnings of it."""
    yield text
    printable = "".join(character for character in text.split("|")[0].split(" ")[0] if " " < character <= "~")
    for cut in range(min(_CUT, -(-len(printable) // 3))):
        yield _balanced(printable[: len(printable) - cut])


def _balanced(text: str) -> str:
    if text.count("[") > text.count("]"):
        text = text[: text.rindex("[")]
    pieces = [piece for piece in _TOKEN.findall(text) if piece not in "[]"]
    rings = Counter(piece for piece in pieces if _RING.fullmatch(piece))
    alone = {piece: count for piece, count in rings.items() if count % 2}
    kept, depth = [], 0
    for place, piece in enumerate(pieces):
        if piece in alone and piece not in pieces[place + 1 :]:
            continue  # the last one has no partner
        depth += (piece == "(") - (piece == ")")
        if depth < 0:
            depth = 0
            continue
        kept.append(piece)
    text = _HANGING.sub("", "".join(kept))
    text += ")" * (text.count("(") - text.count(")"))
    while (shorter := _EMPTY_BRANCH.sub("", text)) != text:
        text = shorter
    return text


def _with_possible_bonds(mol: Chem.RWMol) -> Chem.Mol | None:
    """Return the molecule sanitized, with as many changes of bonds as that takes, None where they do not suffice."""
    for _ in range(_TURNS):
        problems = Chem.DetectChemistryProblems(mol)
        if not problems:
            Chem.SanitizeMol(mol)
            return mol
        problem = problems[0]
        if problem.GetType() == "AtomValenceException":
            _take_a_bond_off(mol, mol.GetAtomWithIdx(problem.GetAtomIdx()))
        elif problem.GetType() == "KekulizeException" and (atom := _bare_nitrogen(mol, problem.GetAtomIndices())):
            atom.SetNumExplicitHs(1)  # pyrrole, written without its hydrogen
        else:
            _clear_aromaticity(mol)
        mol.UpdatePropertyCache(strict=False)
    return None


def _take_a_bond_off(mol: Chem.RWMol, atom: Chem.Atom) -> None:
    """Remove hydrogens, else lower a multiple bond, else cut off the smallest neighbour."""
    bonds = sorted(atom.GetBonds(), key=lambda bond: (bond.IsInRing(), bond.GetOtherAtom(atom).GetDegree()))
    multiple = [bond for bond in bonds if bond.GetBondType() in (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)]
    if atom.GetNumExplicitHs():
        atom.SetNumExplicitHs(0)
    elif multiple:
        lower = {Chem.BondType.TRIPLE: Chem.BondType.DOUBLE}.get(multiple[0].GetBondType(), Chem.BondType.SINGLE)
        multiple[0].SetBondType(lower)
    elif bonds:
        mol.RemoveBond(bonds[0].GetBeginAtomIdx(), bonds[0].GetEndAtomIdx())
    else:
        atom.SetFormalCharge(0)


def _bare_nitrogen(mol: Chem.RWMol, atoms: tuple[int, ...]) -> Chem.Atom | None:
    for atom in map(mol.GetAtomWithIdx, atoms):
        if atom.GetSymbol() == "N" and atom.GetDegree() == 2 and not atom.GetNumExplicitHs():
            return atom
    return None


def _clear_aromaticity(mol: Chem.RWMol) -> None:
    for atom in mol.GetAtoms():
        atom.SetIsAromatic(False)
    for bond in mol.GetBonds():
        if bond.GetBondType() == Chem.BondType.AROMATIC:
            bond.SetBondType(Chem.BondType.SINGLE)
        bond.SetIsAromatic(False)


def _ordinary(mol: Chem.Mol) -> str | None:
    """Return the SMILES of the molecule without what is odd about it, None where something stays."""
    mol = max(Chem.GetMolFrags(mol, asMols=True), key=Chem.Mol.GetNumHeavyAtoms)
    mol = rdMolStandardize.Uncharger().uncharge(mol)
    for _ in range(_TURNS):
        smiles = Chem.MolToSmiles(mol)
        try:
            mol = read_any(smiles)
        except MoleculeError:
            return None
        wrong = [finding for finding in oddities(mol) if finding.code not in (Oddity.MACROCYCLE, Oddity.MEDIUM_RING)]
        if not wrong:
            return smiles
        mol = _without(Chem.RWMol(mol), wrong[0])
    return None


def _without(mol: Chem.RWMol, finding: Finding) -> Chem.Mol:
    """Return the molecule with one change that should take away what was found."""
    Chem.Kekulize(mol, clearAromaticFlags=True)
    atoms = [mol.GetAtomWithIdx(index) for index in finding.atoms]
    inside = [bond for bond in mol.GetBonds() if {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= set(finding.atoms)]
    multiple = [bond for bond in inside if bond.GetBondType() != Chem.BondType.SINGLE]
    if finding.code is Oddity.RADICAL:
        for atom in atoms:
            atom.SetNumRadicalElectrons(0)
            atom.SetNoImplicit(False)
    elif finding.code is Oddity.UNUSUAL_VALENCE:
        atoms[0].SetNumExplicitHs(0)
        atoms[0].SetNoImplicit(False)
        _take_a_bond_off(mol, atoms[0])
    elif finding.code in _TOO_MANY_BONDS and multiple:
        for bond in multiple:
            bond.SetBondType(Chem.BondType.SINGLE)
    elif finding.code is Oddity.STRAINED_RING:
        _open_fused_bond(mol, finding.atoms)
    elif finding.code is Oddity.CHARGE:
        for atom in atoms:
            atom.SetFormalCharge(0)
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
    mol.UpdatePropertyCache(strict=False)
    possible = _with_possible_bonds(mol)
    whole = possible if possible is not None else mol.GetMol()
    largest: Chem.Mol = max(Chem.GetMolFrags(whole, asMols=True, sanitizeFrags=False), key=Chem.Mol.GetNumHeavyAtoms)
    return largest


def _open_fused_bond(mol: Chem.RWMol, atoms: tuple[int, ...]) -> None:
    """Cut the bond that two small rings share, which makes one ring of them."""
    info = mol.GetRingInfo()
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if set(ends) <= set(atoms) and info.NumBondRings(bond.GetIdx()) > 1:
            mol.RemoveBond(*ends)
            return
