"""What MOSES reads off one molecule, as its published code does (Polykovskiy et al., arXiv:1811.12823; molsets 0.3.1).

Fingerprint, BRICS fragments, scaffold, four properties, and whether it passes the medicinal chemistry filters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import QED, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold

from molvae.chem.descriptors import sa_scorer
from molvae.chem.limits import foreign_mol
from molvae.errors import DataError

FINGERPRINT_BITS = 1_024  # Morgan, radius 2
_ELEMENTS = frozenset(("C", "N", "S", "O", "F", "Cl", "Br", "H"))
_LARGEST_RING = 7  # atoms
_SCREEN_BITS = 2_048
_qed: Callable[[Chem.Mol], float] = QED.qed


class MosesProperties(NamedTuple):
    """The properties whose distributions MOSES compares."""

    logp: float  # Crippen
    sa: float  # synthetic accessibility, 1 easy to 10 hard
    qed: float  # drug-likeness, 0 to 1
    weight: float  # g/mol


class MosesFeatures(NamedTuple):
    """What MOSES reads off one molecule."""

    smiles: str  # canonical isomeric
    fingerprint: bytes  # 128 bytes, the first bit lowest
    fragments: tuple[str, ...]  # BRICS, with their attachment points
    scaffold: str | None  # Murcko, None below two rings
    properties: MosesProperties | None  # None where not asked for
    passes_filters: bool | None  # None where there are no filters


class StructureFilters:
    """SMARTS patterns that a molecule with explicit hydrogens must not hold.

    A pattern can only match where every bit of its pattern fingerprint is set in the molecule's. That settles 19 of
    20 pairs of the MOSES filters and drug-like molecules, and costs a seventh of searching for all.
    """

    def __init__(self, smarts: Sequence[str]) -> None:
        """Take the patterns.

        Raises:
            DataError: one of them is not SMARTS.
        """
        self._patterns = [Chem.MolFromSmarts(text) for text in smarts]
        for text, pattern in zip(smarts, self._patterns, strict=True):
            if pattern is None:
                raise DataError(f"{text!r} is not SMARTS")
        self._needed = np.array([_screen_bits(pattern) for pattern in self._patterns]).reshape(len(smarts), -1)

    def match(self, mol: Chem.Mol) -> bool:
        """Say whether any pattern matches the molecule, whose hydrogens are made explicit."""
        explicit = Chem.AddHs(mol)
        missing = (self._needed & ~_screen_bits(explicit)).any(axis=1)
        return any(explicit.HasSubstructMatch(self._patterns[i]) for i in np.flatnonzero(~missing))


@lru_cache(maxsize=4)
def structure_filters(smarts: tuple[str, ...]) -> StructureFilters:
    """Return the filters of these patterns, built once per process."""
    return StructureFilters(smarts)


def moses_features(
    smiles: str, filters: StructureFilters | None = None, *, properties: bool = True
) -> MosesFeatures | None:
    """Return what MOSES reads off a molecule, None where RDKit cannot read the SMILES.

    The log of RDKit is left as it is: for bulk work inside one `quiet_rdkit`.

    >>> features = moses_features("CC(=O)Oc1ccccc1C(=O)O")
    >>> features.fragments, features.scaffold
    (('[1*]C(C)=O', '[16*]c1ccccc1[16*]', '[3*]O[3*]', '[6*]C(=O)O'), None)
    >>> round(features.properties.logp, 2)
    1.31
    """
    mol = foreign_mol(smiles) if smiles else None  # RDKit reads "" as a molecule, MOSES does not
    if mol is None:
        return None
    canonical = Chem.MolToSmiles(mol)
    mol = mol if canonical == smiles else Chem.MolFromSmiles(canonical)
    if mol is None or mol.GetNumAtoms() == 0:
        return None
    return MosesFeatures(
        canonical,
        moses_fingerprint(mol),
        _fragments(mol),
        _scaffold(mol),
        _properties(mol) if properties else None,
        None if filters is None else _passes(mol, filters),
    )


def fingerprint_of(smiles: str) -> bytes | None:
    """Return the fingerprint of a molecule, None where RDKit cannot read the SMILES; see `moses_fingerprint`."""
    mol = foreign_mol(smiles)
    return None if mol is None else moses_fingerprint(mol)


def moses_fingerprint(mol: Chem.Mol) -> bytes:
    """Return the Morgan fingerprint of radius 2 and 1,024 bits, packed into 128 bytes, the first bit lowest."""
    return bytes(DataStructs.BitVectToBinaryText(_generator().GetFingerprint(mol)))


@lru_cache(maxsize=1)
def _generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=FINGERPRINT_BITS)


def fragments_of(smiles: str) -> tuple[str, ...] | None:
    """Return the BRICS fragments of a molecule, None where RDKit cannot read the SMILES."""
    mol = foreign_mol(smiles)
    return None if mol is None else _fragments(mol)


def scaffold_of(smiles: str) -> str | None:
    """Return the Murcko scaffold of a molecule, None below two rings and where RDKit cannot read the SMILES."""
    mol = foreign_mol(smiles)
    return None if mol is None else _scaffold(mol)


def _fragments(mol: Chem.Mol) -> tuple[str, ...]:
    return tuple(Chem.MolToSmiles(Chem.FragmentOnBRICSBonds(mol)).split("."))


def _scaffold(mol: Chem.Mol) -> str | None:
    try:
        scaffold: Chem.Mol = MurckoScaffold.GetScaffoldForMol(mol)  # type: ignore[no-untyped-call]
    except (ValueError, RuntimeError):  # as the published code has it
        return None
    return Chem.MolToSmiles(scaffold) if scaffold.GetRingInfo().NumRings() >= 2 else None


def _properties(mol: Chem.Mol) -> MosesProperties:
    return MosesProperties(
        logp=rdMolDescriptors.CalcCrippenDescriptors(mol)[0],
        sa=float(sa_scorer().calculateScore(mol)),
        qed=_qed(mol),
        weight=rdMolDescriptors._CalcMolWt(mol),
    )


def _passes(mol: Chem.Mol, filters: StructureFilters) -> bool:
    if any(len(ring) > _LARGEST_RING for ring in mol.GetRingInfo().AtomRings()):
        return False
    if any(atom.GetFormalCharge() != 0 or atom.GetSymbol() not in _ELEMENTS for atom in mol.GetAtoms()):
        return False
    return not filters.match(mol)


def _screen_bits(mol: Chem.Mol) -> NDArray[np.uint8]:
    bits = Chem.PatternFingerprint(mol, fpSize=_SCREEN_BITS)
    return np.frombuffer(DataStructs.BitVectToBinaryText(bits), dtype=np.uint8)
