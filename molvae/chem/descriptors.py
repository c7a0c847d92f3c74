"""Computed properties that need no model: size, lipophilicity, drug-likeness, ease of synthesis."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import QED, rdMolDescriptors

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import mol_from_canonical
from molvae.errors import DataError

_qed: Callable[[Chem.Mol], float] = QED.qed


class Descriptors(NamedTuple):
    """Computed properties of one molecule, none of them measured."""

    molecular_weight: float  # g/mol, average isotopes
    logp: float  # Crippen's octanol-water partition coefficient (doi:10.1021/ci990307l)
    qed: float  # quantitative estimate of drug-likeness, 0 to 1 (doi:10.1038/nchem.1243)
    sa_score: float  # synthetic accessibility, 1 easy to 10 hard (doi:10.1186/1758-2946-1-8)
    tpsa: float  # topological polar surface area, Å²
    heavy_atoms: int
    hetero_atoms: int
    rings: int
    aromatic_rings: int
    rotatable_bonds: int
    hydrogen_donors: int
    hydrogen_acceptors: int
    stereo_centers: int
    formal_charge: int


def descriptors(molecule: str | Chem.Mol) -> Descriptors:
    """Return the descriptors of a canonical SMILES string or of an RDKit molecule.

    Raises:
        MoleculeError: RDKit cannot read the SMILES.
        DataError: this distribution of RDKit has no SA score.

    >>> aspirin = descriptors("CC(=O)Oc1ccccc1C(=O)O")
    >>> round(aspirin.molecular_weight, 2), aspirin.rings, aspirin.hetero_atoms
    (180.16, 1, 4)
    """
    with quiet_rdkit():
        mol = mol_from_canonical(molecule) if isinstance(molecule, str) else molecule
        return Descriptors(
            molecular_weight=rdMolDescriptors._CalcMolWt(mol),
            logp=rdMolDescriptors.CalcCrippenDescriptors(mol)[0],
            qed=_qed(mol),
            sa_score=float(sa_scorer().calculateScore(mol)),
            tpsa=float(rdMolDescriptors.CalcTPSA(mol)),
            heavy_atoms=mol.GetNumHeavyAtoms(),
            hetero_atoms=rdMolDescriptors.CalcNumHeteroatoms(mol),
            rings=rdMolDescriptors.CalcNumRings(mol),
            aromatic_rings=rdMolDescriptors.CalcNumAromaticRings(mol),
            rotatable_bonds=rdMolDescriptors.CalcNumRotatableBonds(mol),
            hydrogen_donors=rdMolDescriptors.CalcNumHBD(mol),
            hydrogen_acceptors=rdMolDescriptors.CalcNumHBA(mol),
            stereo_centers=rdMolDescriptors.CalcNumAtomStereoCenters(mol),
            formal_charge=Chem.GetFormalCharge(mol),
        )


@cache
def sa_scorer() -> ModuleType:
    """Return RDKit's module of the synthetic accessibility score.

    Raises:
        DataError: this distribution of RDKit came without it.
    """
    try:
        from rdkit.Contrib.SA_Score import sascorer
    except ImportError as err:
        raise DataError(
            "this distribution of RDKit has no Contrib/SA_Score; the wheel from PyPI carries it: pip install rdkit"
        ) from err
    module: ModuleType = sascorer
    return module
