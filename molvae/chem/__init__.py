"""SMILES and RDKit molecules: the gate with a reason for every refusal, and what is computed from a structure.

The only package that imports rdkit. Names load when first used.
"""

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.chem.logs import quiet_rdkit
    from molvae.chem.molecule import Molecule, canonical_smiles, mol_from_canonical, read_molecule
    from molvae.chem.reasons import Note, Reason
    from molvae.chem.settings import ORGANIC_ELEMENTS, Standardization

__all__ = [
    "ORGANIC_ELEMENTS",
    "Molecule",
    "Note",
    "Reason",
    "Standardization",
    "canonical_smiles",
    "mol_from_canonical",
    "quiet_rdkit",
    "read_molecule",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "ORGANIC_ELEMENTS": "molvae.chem.settings",
        "Molecule": "molvae.chem.molecule",
        "Note": "molvae.chem.reasons",
        "Reason": "molvae.chem.reasons",
        "Standardization": "molvae.chem.settings",
        "canonical_smiles": "molvae.chem.molecule",
        "mol_from_canonical": "molvae.chem.molecule",
        "quiet_rdkit": "molvae.chem.logs",
        "read_molecule": "molvae.chem.molecule",
    },
)
