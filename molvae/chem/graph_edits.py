"""Edits of molecular graphs: kekulized parents, bonds made and removed, and whether what came out is sound.

A fraction of the time goes where reaction SMARTS take it, which write all products for one to be chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
from rdkit import Chem

from molvae.chem.molecule import derived_molecule, mol_from_canonical
from molvae.chem.oddities import has_impossible_bridge
from molvae.errors import MoleculeError

_LARGEST_RING = 8  # atoms; Jensen allows 6, which forbids rings that drugs have
_LARGEST = 50  # heavy atoms, or those of the parents where they have more
_ORDERS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)

Rng = np.random.Generator
Item = TypeVar("Item")


@lru_cache(maxsize=4_096)  # good molecules become parents again and again
def kekulized(smiles: str) -> Chem.Mol:
    """Return the molecule of a canonical SMILES without aromatic bonds; it is shared, so copy it to change it.

    Raises:
        MoleculeError: RDKit cannot read the SMILES.
    """
    mol = mol_from_canonical(smiles)
    Chem.Kekulize(mol, clearAromaticFlags=True)
    return mol


@lru_cache(maxsize=64)
def query(smarts: str) -> Chem.Mol:
    """Return what a SMARTS string looks for."""
    return Chem.MolFromSmarts(smarts)


def size_limit(*parents: Chem.Mol) -> int:
    """Return how many heavy atoms what is made of these molecules may have."""
    return max(_LARGEST, *(parent.GetNumHeavyAtoms() for parent in parents))


def sound(mol: Chem.Mol, limit: int) -> str | None:
    """Return the canonical SMILES of an edited molecule if it is whole, not too large and has no strained ring."""
    if mol.GetNumAtoms() > limit:
        return None
    mol.UpdatePropertyCache(strict=False)
    try:
        found = derived_molecule(Chem.MolToSmiles(mol, canonical=False))
    except MoleculeError:
        return None
    return found.smiles if "." not in found.smiles and _rings_are_sound(found.mol) else None


def _rings_are_sound(mol: Chem.Mol) -> bool:
    rings = mol.GetRingInfo().AtomRings()
    if not rings:
        return True
    strained = any(mol.HasSubstructMatch(query(smarts)) for smarts in ("[R]=[R]=[R]", "[r3,r4]=[r3,r4]", "[r]#[r]"))
    return max(map(len, rings)) <= _LARGEST_RING and not strained and not has_impossible_bridge(mol)


def drawn(items: Sequence[Item], rng: Rng) -> Item | None:
    """Return one of the items, None where there are none."""
    return items[int(rng.integers(len(items)))] if items else None


def can_bond(mol: Chem.RWMol, left: int, right: int, order: int = 1) -> bool:
    """Tell whether two atoms have hydrogens to give up for a bond."""
    mol.UpdatePropertyCache(strict=False)
    return all(mol.GetAtomWithIdx(index).GetTotalNumHs() >= order for index in (left, right))


def bond(mol: Chem.RWMol, left: int, right: int, order: int) -> None:
    """Bond two atoms, each of which gives up hydrogens."""
    mol.AddBond(left, right, _ORDERS[order - 1])
    for index in (left, right):
        _take_hydrogens(mol.GetAtomWithIdx(index), order)


def unbond(mol: Chem.RWMol, left: int, right: int) -> None:
    """Remove a bond between two atoms, each of which gets hydrogens."""
    order = int(mol.GetBondBetweenAtoms(left, right).GetBondTypeAsDouble())
    mol.RemoveBond(left, right)
    for index in (left, right):
        _take_hydrogens(mol.GetAtomWithIdx(index), -order)


def _take_hydrogens(atom: Chem.Atom, count: int) -> None:
    explicit = atom.GetNumExplicitHs()
    if atom.GetNoImplicit() or explicit:  # as written in brackets; RDKit counts all others anew
        atom.SetNumExplicitHs(max(explicit - count, 0))
