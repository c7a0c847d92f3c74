"""Random changes of molecular graphs: mutation and crossover of the graph genetic algorithm (doi:10.1039/C8SC05372C).

Atoms and bonds change by reaction SMARTS, as in Jensen's program, on the kekulized molecule. What comes out is a
canonical SMILES, or None where the draw led to no sound molecule; a rejected draw is cheaper than a repaired one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdChemReactions

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import canonical_of_derived, mol_from_canonical
from molvae.errors import MoleculeError

_TRIES = 10  # draws until a move gives up
_LARGEST_RING = 8  # atoms; Jensen allows 6, which forbids rings that drugs have
_LARGEST = 50  # heavy atoms, or those of the parents where they have more


@lru_cache(maxsize=512)
def _reaction(smarts: str) -> rdChemReactions.ChemicalReaction:
    return rdChemReactions.ReactionFromSmarts(smarts)


@lru_cache(maxsize=64)
def _query(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(smarts)


def mutate(smiles: str, rng: np.random.Generator) -> str | None:
    """Return another molecule that differs by one atom, bond or ring, None where none was found.

    Raises:
        MoleculeError: RDKit cannot read the SMILES.

    >>> mutate("CCO", np.random.default_rng(0))
    'CO'
    """
    with quiet_rdkit():
        mol = mol_from_canonical(smiles)
        Chem.Kekulize(mol, clearAromaticFlags=True)
        limit = max(_LARGEST, mol.GetNumHeavyAtoms())
        for _ in range(_TRIES):
            products = _reaction(_mutation(mol, rng)).RunReactants((mol,))
            found = _chosen([product[0] for product in products], rng, limit)
            if found is not None and found != smiles:
                return found
    return None


def crossover(first: str, second: str, rng: np.random.Generator) -> str | None:
    """Return a molecule made of a part of each of two, cut at a chain or across a ring, None where none was found.

    Raises:
        MoleculeError: RDKit cannot read a SMILES.

    >>> crossover("c1ccccc1CCN", "OC(=O)CC1CC1", np.random.default_rng(0))
    'NCCCCCC(=O)O'
    """
    with quiet_rdkit():
        mols = mol_from_canonical(first), mol_from_canonical(second)
        for mol in mols:
            Chem.Kekulize(mol, clearAromaticFlags=True)
        limit = max(_LARGEST, *(mol.GetNumHeavyAtoms() for mol in mols))
        for _ in range(_TRIES):
            cut, join = (_cut_chain, _join_chain) if rng.random() < 0.5 else (_cut_ring, _join_ring)
            parts = [cut(mol, rng) for mol in mols]
            if not all(parts):
                continue
            left, right = (part[rng.integers(len(part))] for part in parts)
            found = _chosen(join(left, right), rng, limit)
            if found is not None and found not in (first, second):
                return found
    return None


def _chosen(products: Sequence[Chem.Mol], rng: np.random.Generator, limit: int) -> str | None:
    """Return one of the products, drawn, if it is sound."""
    if not products:
        return None
    mol = products[int(rng.integers(len(products)))]
    if Chem.SanitizeMol(mol, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    if mol.GetNumHeavyAtoms() > limit or not _rings_are_sound(mol):
        return None
    try:
        smiles = canonical_of_derived(Chem.MolToSmiles(mol))
    except MoleculeError:
        return None
    return None if "." in smiles or "*" in smiles else smiles


def _rings_are_sound(mol: Chem.Mol) -> bool:
    rings = mol.GetRingInfo().AtomRings()
    if not rings:
        return True
    strained = any(mol.HasSubstructMatch(_query(smarts)) for smarts in ("[R]=[R]=[R]", "[r3,r4]=[r3,r4]", "[r]#[r]"))
    return max(map(len, rings)) <= _LARGEST_RING and not strained


# Each move with its share, as in Jensen's program.
_DELETE = (
    ("[*:1]~[D1:2]>>[*:1]", 0.25),
    ("[*:1]~[D2:2]~[*:3]>>[*:1]-[*:3]", 0.25),
    ("[*:1]~[D3:2](~[*;!H0:3])~[*:4]>>[*:1]-[*:3]-[*:4]", 0.25),
    ("[*:1]~[D4:2](~[*;!H0:3])(~[*;!H0:4])~[*:5]>>[*:1]-[*:3]-[*:4]-[*:5]", 0.1875),
    ("[*:1]~[D4:2](~[*;!H0;!H1:3])(~[*:4])~[*:5]>>[*:1]-[*:3](-[*:4])-[*:5]", 0.0625),
)
_ORDER = (
    ("[*:1]!-[*:2]>>[*:1]-[*:2]", 0.45),
    ("[*;!H0:1]-[*;!H0:2]>>[*:1]=[*:2]", 0.45),
    ("[*:1]#[*:2]>>[*:1]=[*:2]", 0.05),
    ("[*;!R;!H1;!H0:1]~[*:2]>>[*:1]#[*:2]", 0.05),
)
_CLOSE = (
    ("[*;!r;!H0:1]~[*;!r:2]~[*;!r;!H0:3]>>[*:1]1~[*:2]~[*:3]1", 0.05),
    ("[*;!r;!H0:1]~[*!r:2]~[*!r:3]~[*;!r;!H0:4]>>[*:1]1~[*:2]~[*:3]~[*:4]1", 0.05),
    ("[*;!r;!H0:1]~[*!r:2]~[*:3]~[*:4]~[*;!r;!H0:5]>>[*:1]1~[*:2]~[*:3]~[*:4]~[*:5]1", 0.45),
    ("[*;!r;!H0:1]~[*!r:2]~[*:3]~[*:4]~[*!r:5]~[*;!r;!H0:6]>>[*:1]1~[*:2]~[*:3]~[*:4]~[*:5]~[*:6]1", 0.45),
)
_BONDS = (("single", 0.6), ("double", 0.35), ("triple", 0.05))
_APPEND = {
    "single": ("[*;!H0:1]>>[*:1]-{}", ("C", "N", "O", "F", "S", "Cl", "Br")),
    "double": ("[*;!H0;!H1:1]>>[*:1]={}", ("C", "N", "O")),
    "triple": ("[*;H3:1]>>[*:1]#{}", ("C", "N")),
}
_INSERT = {
    "single": ("[*:1]~[*:2]>>[*:1]-{}-[*:2]", ("C", "N", "O", "S")),
    "double": ("[*;!H0:1]~[*:2]>>[*:1]={}-[*:2]", ("C", "N")),
    "triple": ("[*;!R;!H1;!H0:1]~[*:2]>>[*:1]#{}-[*:2]", ("C",)),
}
_ELEMENTS = (6, 7, 8, 9, 16, 17, 35)
_KINDS = (("insert", 0.15), ("order", 0.14), ("open", 0.14), ("close", 0.14), ("delete", 0.14), ("change", 0.14),
          ("append", 0.15))  # fmt: skip


def _drawn(choices: Sequence[tuple[str, float]], rng: np.random.Generator) -> str:
    return choices[rng.choice(len(choices), p=[share for _, share in choices])][0]


def _mutation(mol: Chem.Mol, rng: np.random.Generator) -> str:
    """Return the reaction SMARTS of a random change."""
    kind = _drawn(_KINDS, rng)
    if kind == "open":
        return "[*:1]@[*:2]>>([*:1].[*:2])"
    if kind in ("insert", "append"):
        smarts, atoms = (_INSERT if kind == "insert" else _APPEND)[_drawn(_BONDS, rng)]
        return smarts.format(atoms[rng.integers(len(atoms))])
    if kind == "change":
        there = sorted({atom.GetAtomicNum() for atom in mol.GetAtoms()} & set(_ELEMENTS)) or [6]
        old = there[rng.integers(len(there))]
        others = [element for element in _ELEMENTS if element != old]
        return f"[#{old}:1]>>[#{others[rng.integers(len(others))]}:1]"
    return _drawn({"order": _ORDER, "close": _CLOSE, "delete": _DELETE}[kind], rng)


def _cut_chain(mol: Chem.Mol, rng: np.random.Generator) -> tuple[Chem.Mol, ...]:
    matches = mol.GetSubstructMatches(_query("[*]-;!@[*]"))
    return _fragments(mol, [matches[rng.integers(len(matches))]]) if matches else ()


def _cut_ring(mol: Chem.Mol, rng: np.random.Generator) -> tuple[Chem.Mol, ...]:
    """Return the two parts of a molecule cut at two bonds of a ring: opposite ones, or those of a corner."""
    opposite = rng.random() < 0.5
    matches = mol.GetSubstructMatches(_query("[R]@[R]@[R]@[R]" if opposite else "[R]@[R;!D2]@[R]"))
    if not matches:
        return ()
    match = matches[rng.integers(len(matches))]
    return _fragments(mol, [match[:2], match[-2:]])


def _fragments(mol: Chem.Mol, pairs: Sequence[Sequence[int]]) -> tuple[Chem.Mol, ...]:
    bonds = [mol.GetBondBetweenAtoms(*pair).GetIdx() for pair in pairs]
    cut = Chem.FragmentOnBonds(mol, bonds, addDummies=True, dummyLabels=[(1, 1)] * len(bonds))
    parts: tuple[Chem.Mol, ...] = Chem.GetMolFrags(cut, asMols=True, sanitizeFrags=False)
    if len(parts) != 2 or any(Chem.SanitizeMol(part, catchErrors=True) for part in parts):
        return ()
    for part in parts:  # sanitizing finds aromatic rings again
        Chem.Kekulize(part, clearAromaticFlags=True)
    return parts


def _join_chain(left: Chem.Mol, right: Chem.Mol) -> list[Chem.Mol]:
    reaction = _reaction("[*:1]-[1*].[1*]-[*:2]>>[*:1]-[*:2]")
    return [product[0] for product in reaction.RunReactants((left, right))]


def _join_ring(left: Chem.Mol, right: Chem.Mol) -> list[Chem.Mol]:
    joined = []
    for bond in "-=":
        for (product,) in _reaction(f"[*:1]~[1*].[1*]~[*:2]>>[*:1]{bond}[*:2]").RunReactants((left, right)):
            if Chem.SanitizeMol(product, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE:
                Chem.Kekulize(product, clearAromaticFlags=True)
                joined.append(product)
    return [
        product
        for mol in joined
        for bond in "-="
        for (product,) in _reaction(f"([*:1]~[1*].[1*]~[*:2])>>[*:1]{bond}[*:2]").RunReactants((mol,))
    ]
