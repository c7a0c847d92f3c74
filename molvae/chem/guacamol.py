"""What GuacaMol reads off one molecule, as its published code does (Brown et al., arXiv:1811.09621; guacamol 0.5.5)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rdkit import DataStructs
from rdkit.Chem import GraphDescriptors, rdFingerprintGenerator, rdMolDescriptors

from molvae.chem.limits import foreign_mol

ECFP4_BITS = 4_096


class GuacaMolDescriptors(NamedTuple):
    """The properties whose distributions GuacaMol compares: four on a continuous scale, then five counts."""

    bertz_ct: float  # complexity (doi:10.1021/ja00402a071)
    mol_logp: float  # Crippen
    mol_wt: float  # g/mol
    tpsa: float  # Å²
    hydrogen_acceptors: int
    hydrogen_donors: int
    rotatable_bonds: int
    aliphatic_rings: int
    aromatic_rings: int


def guacamol_features(smiles: str) -> tuple[GuacaMolDescriptors, bytes] | None:
    """Return the descriptors of a molecule and its packed ECFP4 fingerprint, None where RDKit cannot read the SMILES.

    >>> descriptors, fingerprint = guacamol_features("CC(=O)Oc1ccccc1C(=O)O")
    >>> descriptors.hydrogen_acceptors, descriptors.aromatic_rings, len(fingerprint)
    (3, 1, 512)
    """
    mol = foreign_mol(smiles)
    if mol is None:
        return None
    descriptors = GuacaMolDescriptors(
        bertz_ct=float(GraphDescriptors.BertzCT(mol)),  # type: ignore[no-untyped-call]
        mol_logp=rdMolDescriptors.CalcCrippenDescriptors(mol)[0],
        mol_wt=rdMolDescriptors._CalcMolWt(mol),
        tpsa=rdMolDescriptors.CalcTPSA(mol),
        hydrogen_acceptors=rdMolDescriptors.CalcNumHBA(mol),
        hydrogen_donors=rdMolDescriptors.CalcNumHBD(mol),
        rotatable_bonds=rdMolDescriptors.CalcNumRotatableBonds(mol),
        aliphatic_rings=rdMolDescriptors.CalcNumAliphaticRings(mol),
        aromatic_rings=rdMolDescriptors.CalcNumAromaticRings(mol),
    )
    return descriptors, bytes(DataStructs.BitVectToBinaryText(_generator().GetFingerprint(mol)))


@lru_cache(maxsize=1)
def _generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=ECFP4_BITS)
