"""Children of two molecular graphs: the crossover of the graph genetic algorithm (doi:10.1039/C8SC05372C).

It cuts one bond in a chain or two of a ring, and joins the open ends of a part of each parent.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rdkit import Chem

from molvae.chem.graph_edits import Rng, bond, drawn, kekulized, query, size_limit, sound, unbond
from molvae.chem.logs import quiet_rdkit

_TRIES = 10  # draws until a crossover gives up

Part = tuple[Chem.Mol, tuple[int, ...]]  # a fragment, and its atoms that were cut off, one for each cut bond


def crossover(first: str, second: str, rng: np.random.Generator) -> str | None:
    """Return a molecule made of a part of each of two, cut at a chain or across a ring, None where none was found.

    Raises:
        MoleculeError: RDKit cannot read a SMILES.

    >>> crossover("c1ccccc1CCN", "OC(=O)CC1CC1", np.random.default_rng(0))
    'NCCC1=CCC(CC(=O)O)C1'
    """
    with quiet_rdkit():
        limit = size_limit(kekulized(first), kekulized(second))
        for _ in range(_TRIES):
            cuts = _chain_cuts if rng.random() < 0.5 else _ring_cuts
            left, right = (_part(smiles, cuts(smiles), rng) for smiles in (first, second))
            if left is None or right is None:
                continue
            found = sound(_joined(left, right, rng), limit)
            if found is not None and found not in (first, second):
                return found
    return None


@lru_cache(maxsize=4_096)
def _chain_cuts(smiles: str) -> list[tuple[int, ...]]:
    """Return the bonds that can be cut, each alone."""
    links = kekulized(smiles).GetBonds()
    return [(link.GetIdx(),) for link in links if link.GetBondType() == Chem.BondType.SINGLE and not link.IsInRing()]


@lru_cache(maxsize=4_096)
def _ring_cuts(smiles: str) -> list[tuple[int, ...]]:
    """Return the pairs of bonds of a ring that can be cut: opposite ones, and those of a corner that has a branch."""
    mol = kekulized(smiles)
    pairs = []
    for smarts in ("[R]@[R]@[R]@[R]", "[R]@[R;!D2]@[R]"):
        for match in mol.GetSubstructMatches(query(smarts)):
            ends = match[:2], match[-2:]
            pairs.append(tuple(mol.GetBondBetweenAtoms(*end).GetIdx() for end in ends))
    return pairs


def _part(smiles: str, cuts: list[tuple[int, ...]], rng: Rng) -> Part | None:
    cut = drawn(cuts, rng)
    parts = () if cut is None else _parts(smiles, cut)
    return drawn(parts, rng) if len(parts) == 2 else None


@lru_cache(maxsize=16_384)
def _parts(smiles: str, cut: tuple[int, ...]) -> tuple[Part, ...]:
    """Return the fragments that a cut leaves, each with the atoms that lost a bond."""
    mol = Chem.RWMol(kekulized(smiles))
    ends = [(link.GetBeginAtomIdx(), link.GetEndAtomIdx()) for link in map(mol.GetBondWithIdx, cut)]
    for pair in ends:
        unbond(mol, *pair)
    rows: list[tuple[int, ...]] = []
    fragments = Chem.GetMolFrags(mol, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=rows)
    for fragment in fragments:
        fragment.UpdatePropertyCache(strict=False)
    return tuple(
        (fragment, tuple(atoms.index(end) for pair in ends for end in pair if end in atoms))
        for fragment, atoms in zip(fragments, rows, strict=True)
    )


def _joined(first: Part, second: Part, rng: Rng) -> Chem.RWMol:
    """Return both fragments in one molecule, with bonds between the atoms that lost one: single, in a ring also double.

    Where atoms lack the hydrogens for a bond, or one loses both ends of a double one, the molecule is not sound.
    """
    mol = Chem.RWMol(first[0])
    offset = mol.GetNumAtoms()
    mol.InsertMol(second[0])
    ends = [end + offset for end in second[1]]
    orders = 1 if len(ends) == 1 else 2
    for left, row in zip(first[1], rng.permutation(len(ends)), strict=True):
        if mol.GetBondBetweenAtoms(left, ends[row]) is None:
            bond(mol, left, ends[row], 1 + int(rng.integers(orders)))
    return mol
