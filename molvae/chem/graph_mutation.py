"""Random changes of a molecular graph: the mutations of the graph genetic algorithm (doi:10.1039/C8SC05372C), and more.

They change the kekulized graph at a random site. One that Jensen's program lacks carries a group to another place.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import numpy as np
from rdkit import Chem

from molvae.chem.graph_edits import Rng, bond, can_bond, drawn, kekulized, size_limit, sound, unbond
from molvae.chem.logs import quiet_rdkit

_TRIES = 30  # draws until a mutation gives up
_VALENCES = {6: 4, 7: 3, 8: 2, 16: 2, 9: 1, 17: 1, 35: 1}  # of atoms that mutations write


def mutate(smiles: str, rng: np.random.Generator) -> str | None:
    """Return another molecule that differs by one atom, bond, ring or place of a group, None where none was found.

    Raises:
        MoleculeError: RDKit cannot read the SMILES.

    >>> mutate("CCO", np.random.default_rng(0))
    'O=CCO'
    """
    with quiet_rdkit():
        parent = kekulized(smiles)
        limit = size_limit(parent)
        for _ in range(_TRIES):
            mol = Chem.RWMol(parent)
            found = sound(mol, limit) if _MOVES[_position(_SHARES, rng)](mol, rng) else None
            if found is not None and found != smiles:
                return found
    return None


# A mutation changes the molecule in place and returns whether it could.


def _append(mol: Chem.RWMol, rng: Rng) -> bool:
    """Put an atom in the place of hydrogens."""
    order = 1 + _position((0.6, 0.35, 0.05), rng)  # single, double or triple
    site = int(rng.integers(mol.GetNumAtoms()))
    if mol.GetAtomWithIdx(site).GetTotalNumHs() < order:
        return False
    bond(mol, site, _new_atom(mol, order, rng), order)
    return True


def _insert(mol: Chem.RWMol, rng: Rng) -> bool:
    """Put an atom into a bond."""
    link = _drawn_bond(mol, rng)
    if link is None:
        return False
    ends = [link.GetBeginAtomIdx(), link.GetEndAtomIdx()]
    unbond(mol, *ends)
    new = _new_atom(mol, 2, rng)
    for end in ends:
        bond(mol, end, new, 1)
    return True


def _delete(mol: Chem.RWMol, rng: Rng) -> bool:
    """Remove an atom and join its neighbors to a chain."""
    atom = mol.GetAtomWithIdx(int(rng.integers(mol.GetNumAtoms())))
    if mol.GetNumAtoms() == 1:
        return False
    neighbors = [int(neighbor.GetIdx()) for neighbor in atom.GetNeighbors()]
    neighbors = [neighbors[row] for row in rng.permutation(len(neighbors))]
    for neighbor in neighbors:
        unbond(mol, neighbor, atom.GetIdx())
    for left, right in pairwise(neighbors):
        if mol.GetBondBetweenAtoms(left, right) is not None or not can_bond(mol, left, right):
            return False
        bond(mol, left, right, 1)
    mol.RemoveAtom(atom.GetIdx())
    return True


def _change(mol: Chem.RWMol, rng: Rng) -> bool:
    """Make another element of an atom."""
    atom = mol.GetAtomWithIdx(int(rng.integers(mol.GetNumAtoms())))
    used = sum(int(link.GetBondTypeAsDouble()) for link in atom.GetBonds())
    old = atom.GetAtomicNum()
    element = drawn([number for number, most in _VALENCES.items() if number != old and most >= used], rng)
    if element is None:
        return False
    atom.SetAtomicNum(element)
    atom.SetFormalCharge(0)
    atom.SetIsotope(0)
    atom.SetNoImplicit(False)
    atom.SetNumExplicitHs(0)
    return True


def _reorder(mol: Chem.RWMol, rng: Rng) -> bool:
    """Make a bond single, double or triple."""
    link = _drawn_bond(mol, rng)
    if link is None:
        return False
    old, most = int(link.GetBondTypeAsDouble()), 2 if link.IsInRing() else 3
    order = drawn([order for order in range(1, most + 1) if order != old], rng)
    left, right = link.GetBeginAtomIdx(), link.GetEndAtomIdx()
    unbond(mol, left, right)
    if order is None or not can_bond(mol, left, right, order):
        return False
    bond(mol, left, right, order)
    return True


def _open(mol: Chem.RWMol, rng: Rng) -> bool:
    """Remove a bond of a ring."""
    link = _drawn_bond(mol, rng)
    if link is None or not link.IsInRing():
        return False
    unbond(mol, link.GetBeginAtomIdx(), link.GetEndAtomIdx())
    return True


def _close(mol: Chem.RWMol, rng: Rng) -> bool:
    """Make a ring, of five or six atoms mostly."""
    size = 3 + _position((0.05, 0.05, 0.4, 0.45, 0.05), rng)
    first = int(rng.integers(mol.GetNumAtoms()))
    there = np.flatnonzero(Chem.GetDistanceMatrix(mol)[first] == size - 1).tolist()
    second = drawn(there, rng)
    if second is None or not can_bond(mol, first, second):
        return False
    bond(mol, first, second, 1)
    return True


def _carry(mol: Chem.RWMol, rng: Rng) -> bool:
    """Take a group from one atom to another."""
    link = _drawn_bond(mol, rng)
    if link is None or link.IsInRing():
        return False
    order = int(link.GetBondTypeAsDouble())
    ends = [link.GetBeginAtomIdx(), link.GetEndAtomIdx()]
    kept, carried = (ends[row] for row in rng.permutation(2))
    unbond(mol, kept, carried)
    rest = next(atoms for atoms in Chem.GetMolFrags(mol) if kept in atoms)
    site = rest[int(rng.integers(len(rest)))]
    if site == kept or mol.GetAtomWithIdx(site).GetTotalNumHs() < order:
        return False
    bond(mol, site, carried, order)
    return True


_MOVES: tuple[Callable[[Chem.RWMol, Rng], bool], ...] = (
    _append, _insert, _delete, _change, _reorder, _open, _close, _carry,
)  # fmt: skip
# Of draws, most of which lead nowhere; what comes out has about the shares of Jensen's program.
_SHARES = (0.145, 0.04, 0.055, 0.06, 0.10, 0.04, 0.265, 0.295)


def _drawn_bond(mol: Chem.RWMol, rng: Rng) -> Chem.Bond | None:
    return mol.GetBondWithIdx(int(rng.integers(mol.GetNumBonds()))) if mol.GetNumBonds() else None


def _position(shares: Sequence[float], rng: Rng) -> int:
    """Return a position, drawn by shares that sum to 1."""
    return min(bisect(list(accumulate(shares)), rng.random()), len(shares) - 1)


def _new_atom(mol: Chem.RWMol, valence: int, rng: Rng) -> int:
    elements = [number for number, most in _VALENCES.items() if most >= valence]
    return int(mol.AddAtom(Chem.Atom(elements[int(rng.integers(len(elements)))])))
