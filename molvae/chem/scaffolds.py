"""Murcko scaffolds: the ring systems of a molecule and what links them (doi:10.1021/jm9602928)."""

from __future__ import annotations

from rdkit import Chem

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import mol_from_canonical


def murcko_scaffold(smiles: str | Chem.Mol) -> str:
    """Return the canonical SMILES of the Murcko scaffold, without stereo; '' for a molecule without rings.

    Raises:
        MoleculeError: RDKit cannot read the SMILES.

    >>> murcko_scaffold("CC(=O)Oc1ccccc1C(=O)O")
    'c1ccccc1'
    >>> murcko_scaffold("CCO")
    ''
    """
    with quiet_rdkit():
        mol = mol_from_canonical(smiles)
        if mol.GetRingInfo().NumRings() == 0:
            return ""
        return Chem.MolToSmiles(Chem.MurckoDecompose(mol), isomericSmiles=False)
