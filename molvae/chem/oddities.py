"""What a chemist would find odd in a molecule that RDKit accepts: radicals, strain, charges, unusual valences.

Every SELFIES string derives to something that RDKit takes, so "valid" says little about a decoder. These are the things
that it says nothing about. Each finding names the atoms that show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from rdkit import Chem

_MACROCYCLE, _MEDIUM_RING = 12, 9  # atoms: the usual meaning of both words
_SMALL_RING = 4  # atoms
# The smallest rings that hold these at room temperature: 1,2-cyclononadiene, cyclooctyne, and trans-cyclooctene, for a
# double bond at a bridgehead is E in one of its rings.
_ALLENE_RING, _ALKYNE_RING, _BRIDGEHEAD_RING = 9, 8, 8
_CYCLOPHANE_RING = 8  # atoms: a benzene bridged at meta by five more is the smallest that was isolated
# Bonds of an atom, hydrogens included, by element and charge, where no look at the neighbours is needed.
_USUAL_VALENCES = {
    ("H", 0): (1,), ("B", 0): (3,), ("B", -1): (4,), ("C", 0): (4,), ("C", -1): (3,), ("N", 0): (3,), ("N", 1): (4,),
    ("N", -1): (2,),
    ("O", 0): (2,), ("O", -1): (1,), ("O", 1): (3,), ("F", 0): (1,), ("Cl", 0): (1,), ("Br", 0): (1,), ("I", 0): (1,),
    ("F", -1): (0,), ("Cl", -1): (0,), ("Br", -1): (0,), ("I", -1): (0,), ("Si", 0): (4,),
    ("P", 0): (3,), ("P", 1): (4,), ("S", 0): (2,), ("S", -1): (1,), ("S", 1): (3,), ("Se", 0): (2,), ("Se", 1): (3,),
}  # fmt: skip
_STATED = frozenset(element for element, _ in _USUAL_VALENCES)  # of metals and the like nothing is said
# Higher valences that are usual only with double bonds to N, O or S: sulfoxides, sulfones, phosphates, …
_OXO_BONDS = {("S", 4): 1, ("S", 6): 2, ("Se", 4): 1, ("Se", 6): 2, ("P", 5): 1}
_OXO_PARTNERS = frozenset(("N", "O", "S", "Se"))


class Oddity(StrEnum):
    """The code of something odd in a structure; model files count on their order, so new ones come last."""

    RADICAL = "radical"  # unpaired electrons
    CHARGE = "charge"  # a formal charge that no neighbour balances, as one does in a nitro group
    FRAGMENTS = "fragments"  # more than one component
    UNUSUAL_VALENCE = "unusual_valence"
    STRAINED_RING = "strained_ring"  # small rings strained beyond cyclopropane and cyclobutane
    RING_ALLENE = "ring_allene"  # cumulated double bonds in a ring of less than nine atoms
    RING_ALKYNE = "ring_alkyne"  # a triple bond in a ring of less than eight atoms
    BRIDGEHEAD_DOUBLE_BOND = "bridgehead_double_bond"  # against Bredt's rule
    MEDIUM_RING = "medium_ring"  # nine to eleven atoms
    MACROCYCLE = "macrocycle"  # twelve atoms and more
    BENT_AROMATIC = "bent_aromatic"  # an aromatic ring of which a chain too short joins atoms that are no neighbours


class Finding(NamedTuple):
    """Something odd, and the atoms that show it."""

    code: Oddity
    detail: str  # in words, for a person
    atoms: tuple[int, ...]  # indices in the molecule that was given, rising


def oddities(mol: Chem.Mol) -> list[Finding]:
    """Return what is odd in a sanitized molecule, at most once for each `Oddity`; nothing for an ordinary one.

    >>> [finding.code.value for finding in oddities(Chem.MolFromSmiles("C1=CC1[CH]C"))]
    ['radical', 'strained_ring']
    >>> oddities(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O"))
    []
    """
    found: dict[Oddity, list[Finding]] = {}
    for finding in (finding for check in _CHECKS for finding in check(mol)):
        found.setdefault(finding.code, []).append(finding)
    return [
        Finding(
            code,
            ", ".join(dict.fromkeys(finding.detail for finding in findings)),
            tuple(sorted({atom for finding in findings for atom in finding.atoms})),
        )
        for code, findings in found.items()
    ]


def _radicals(mol: Chem.Mol) -> Iterator[Finding]:
    atoms = [atom for atom in mol.GetAtoms() if atom.GetNumRadicalElectrons()]
    if atoms:
        electrons = sum(atom.GetNumRadicalElectrons() for atom in atoms)
        yield Finding(Oddity.RADICAL, f"{electrons} unpaired electrons at {_named(atoms)}", _indices(atoms))


def _charges(mol: Chem.Mol) -> Iterator[Finding]:
    atoms = [atom for atom in mol.GetAtoms() if atom.GetFormalCharge() and not _is_balanced(atom)]
    if atoms:
        net = Chem.GetFormalCharge(mol)
        yield Finding(Oddity.CHARGE, f"charges at {_named(atoms)}, {net:+d} in all", _indices(atoms))


def _is_balanced(atom: Chem.Atom) -> bool:
    """Tell whether a neighbour has the opposite charge: nitro groups, N-oxides, azides, isonitriles, ylides."""
    return any(other.GetFormalCharge() * atom.GetFormalCharge() < 0 for other in atom.GetNeighbors())


def _fragments(mol: Chem.Mol) -> Iterator[Finding]:
    parts = Chem.GetMolFrags(mol)
    if len(parts) > 1:
        smaller = sorted(parts, key=len)[:-1]
        yield Finding(
            Oddity.FRAGMENTS, f"{len(parts)} components", tuple(sorted(index for part in smaller for index in part))
        )


def _valences(mol: Chem.Mol) -> Iterator[Finding]:
    atoms = [atom for atom in mol.GetAtoms() if not _has_usual_valence(atom)]
    if atoms:
        parts = (f"{atom.GetSymbol()} with {atom.GetTotalValence()} bonds" for atom in atoms)
        yield Finding(Oddity.UNUSUAL_VALENCE, ", ".join(dict.fromkeys(parts)), _indices(atoms))


def _has_usual_valence(atom: Chem.Atom) -> bool:
    if atom.GetNumRadicalElectrons():
        return True  # a finding of its own
    element, valence = atom.GetSymbol(), atom.GetTotalValence()
    if element not in _STATED or valence in _USUAL_VALENCES.get((element, atom.GetFormalCharge()), ()):
        return True
    if atom.GetFormalCharge() or (element, valence) not in _OXO_BONDS:
        return False
    if atom.GetIsAromatic():
        return True
    if element == "S" and valence == 6 and sum(n.GetSymbol() in ("F", "Cl") for n in atom.GetNeighbors()) >= 5:
        return True  # pentafluorosulfanyl
    doubles = (bond for bond in atom.GetBonds() if bond.GetBondType() == Chem.BondType.DOUBLE)
    oxo = sum(bond.GetOtherAtom(atom).GetSymbol() in _OXO_PARTNERS for bond in doubles)
    return oxo >= _OXO_BONDS[element, valence]


def _strained_rings(mol: Chem.Mol) -> Iterator[Finding]:
    info = mol.GetRingInfo()
    for ring, bonds in zip(info.AtomRings(), info.BondRings(), strict=True):
        multiple = sum(mol.GetBondWithIdx(bond).GetBondTypeAsDouble() > 1 for bond in bonds)
        doubles = sum(mol.GetBondWithIdx(bond).GetBondType() == Chem.BondType.DOUBLE for bond in bonds)
        if len(ring) == 3 and multiple:
            yield Finding(Oddity.STRAINED_RING, "a double bond in a ring of three", ring)
        elif len(ring) == _SMALL_RING and doubles > 1:
            yield Finding(Oddity.STRAINED_RING, "two double bonds in a ring of four", ring)
    small = [
        (ring, frozenset(bonds))
        for ring, bonds in zip(info.AtomRings(), info.BondRings(), strict=True)
        if len(ring) <= _SMALL_RING
    ]
    for i, (ring, bonds) in enumerate(small):
        for other, other_bonds in small[:i]:
            if len(bonds & other_bonds) == 1:  # bicyclo[1.1.1]pentane, which is made and used, shares two
                detail = f"fused rings of {len(other)} and {len(ring)}"
                yield Finding(Oddity.STRAINED_RING, detail, tuple(sorted({*ring, *other})))


def _bent_aromatics(mol: Chem.Mol) -> Iterator[Finding]:
    """Yield aromatic rings that a short chain bends."""
    for first, second, _ in _bridged(mol):
        for aromatic, other in ((first, second), (second, first)):
            if len(other) < _CYCLOPHANE_RING and all(mol.GetBondWithIdx(bond).GetIsAromatic() for bond in aromatic):
                atoms = {end for bond in map(mol.GetBondWithIdx, aromatic | other) for end in _of_bond(bond)}
                detail = f"an aromatic ring bridged within a ring of {len(other)}"
                yield Finding(Oddity.BENT_AROMATIC, detail, tuple(sorted(atoms)))


def _bridged(mol: Chem.Mol) -> Iterator[tuple[frozenset[int], frozenset[int], frozenset[int]]]:
    """Yield the bonds of two rings that share two and more, so of a bridged bicycle, and those that they share."""
    rings = [frozenset(bonds) for bonds in mol.GetRingInfo().BondRings()]
    for i, first in enumerate(rings):
        for second in rings[:i]:
            shared = first & second
            if len(shared) > 1:
                yield first, second, shared


def _of_bond(bond: Chem.Bond) -> tuple[int, int]:
    return bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()


def has_impossible_bridge(mol: Chem.Mol) -> bool:
    """Tell whether bridged rings bend an aromatic ring, or break Bredt's rule; quick where no rings are bridged.

    >>> [has_impossible_bridge(Chem.MolFromSmiles(text)) for text in ("c1cc2ccc1CC2", "C1=C2CCC1C2", "C1CC2CCC1C2")]
    [True, True, False]
    """
    return any(True for check in (_bent_aromatics, _bridgehead_double_bonds) for _ in check(mol))


def _ring_allenes(mol: Chem.Mol) -> Iterator[Finding]:
    for ring, atom in _cumulated(mol):
        if len(ring) < _ALLENE_RING:
            detail = f"cumulated double bonds at {atom.GetSymbol()} in a ring of {len(ring)}"
            yield Finding(Oddity.RING_ALLENE, detail, (atom.GetIdx(), *_indices(list(atom.GetNeighbors()))))


def _cumulated(mol: Chem.Mol) -> Iterator[tuple[tuple[int, ...], Chem.Atom]]:
    """Yield atoms whose only two bonds are double and lie in one ring, with that ring."""
    for ring in mol.GetRingInfo().AtomRings():
        for index in ring:
            atom = mol.GetAtomWithIdx(index)
            if atom.GetDegree() == 2 and all(b.GetBondType() == Chem.BondType.DOUBLE for b in atom.GetBonds()):
                yield ring, atom


def _ring_alkynes(mol: Chem.Mol) -> Iterator[Finding]:
    for bonds in mol.GetRingInfo().BondRings():
        for bond in map(mol.GetBondWithIdx, bonds):
            if bond.GetBondType() == Chem.BondType.TRIPLE and len(bonds) < _ALKYNE_RING:
                atoms = (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
                yield Finding(Oddity.RING_ALKYNE, f"a triple bond in a ring of {len(bonds)}", atoms)


def _bridgehead_double_bonds(mol: Chem.Mol) -> Iterator[Finding]:
    """Yield double bonds at a bridgehead that no ring of eight takes.

    Two rings that share two bonds and more are a bridged bicycle, whose third ring is what they do not share. A double
    bond at its bridgehead lies in two of the three rings and is E in one of them (doi:10.1021/ja00309a055).
    """
    found = {}
    for first, second, shared in _bridged(mol):
        heads = _ends(mol, shared)
        for bond in map(mol.GetBondWithIdx, first | second):
            ends = set(_of_bond(bond))
            if bond.GetBondType() != Chem.BondType.DOUBLE or ends.isdisjoint(heads):
                continue
            own = [len(ring) for ring in (first, second, first ^ second) if bond.GetIdx() in ring]
            if max(own) < _BRIDGEHEAD_RING:
                found[bond.GetIdx()] = tuple(sorted(ends))
    for index in sorted(found):
        yield Finding(Oddity.BRIDGEHEAD_DOUBLE_BOND, "a double bond at a bridgehead", found[index])


def _ends(mol: Chem.Mol, bonds: frozenset[int]) -> set[int]:
    """Return the two ends of a path of bonds."""
    seen: set[int] = set()
    for bond in map(mol.GetBondWithIdx, bonds):
        seen ^= {bond.GetBeginAtomIdx()}
        seen ^= {bond.GetEndAtomIdx()}
    return seen


def _large_rings(mol: Chem.Mol) -> Iterator[Finding]:
    for ring in mol.GetRingInfo().AtomRings():
        if len(ring) >= _MEDIUM_RING:
            code = Oddity.MACROCYCLE if len(ring) >= _MACROCYCLE else Oddity.MEDIUM_RING
            yield Finding(code, f"a ring of {len(ring)}", ring)


def _named(atoms: list[Chem.Atom]) -> str:
    parts = (f"{atom.GetSymbol()}{_charge(atom.GetFormalCharge())}" for atom in atoms)
    return ", ".join(dict.fromkeys(parts))


def _charge(charge: int) -> str:
    return f"{charge:+d}" if charge else ""


def _indices(atoms: list[Chem.Atom]) -> tuple[int, ...]:
    return tuple(atom.GetIdx() for atom in atoms)


_CHECKS: tuple[Callable[[Chem.Mol], Iterator[Finding]], ...] = (
    _radicals, _charges, _fragments, _valences, _strained_rings, _ring_allenes, _ring_alkynes,
    _bridgehead_double_bonds, _large_rings, _bent_aromatics,
)  # fmt: skip
