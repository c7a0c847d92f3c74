"""Computed properties that need no model: size, lipophilicity, drug-likeness, ease of synthesis."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import QED, GraphDescriptors, rdMolDescriptors

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import mol_from_canonical
from molvae.errors import ConfigError, DataError

Measure: TypeAlias = Callable[[Chem.Mol], float]

_bertz: Callable[[Chem.Mol], float] = GraphDescriptors.BertzCT


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
        return Descriptors(**{name: function(mol) for name, function in _FUNCTIONS.items()})


def descriptor_function(name: str) -> Measure:
    """Return the function that computes one of `Descriptors` from an RDKit molecule, and nothing else.

    Raises:
        ConfigError: no descriptor has this name.

    >>> descriptor_function("rings")(mol_from_canonical("c1ccccc1"))
    1
    """
    if name not in _FUNCTIONS:
        near = difflib.get_close_matches(name, _FUNCTIONS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_FUNCTIONS)}"
        raise ConfigError(f"there is no descriptor {name[:80]!r}; {hint}")
    return _FUNCTIONS[name]


def descriptor_table(smiles: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    """Return the named descriptors of molecules, canonical SMILES, shape (n, names).

    Raises:
        ConfigError: no descriptor has one of these names.
        MoleculeError: RDKit cannot read a SMILES.

    >>> descriptor_table(["CCO", "c1ccccc1"], ["rings", "hetero_atoms"]).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    functions = [descriptor_function(name) for name in names]
    with quiet_rdkit():
        rows = [[float(function(mol)) for function in functions] for mol in map(mol_from_canonical, smiles)]
    return np.array(rows, dtype=np.float64).reshape(len(smiles), len(names))


def descriptor_matrix(smiles: Sequence[str]) -> NDArray[np.float64]:
    """Return every descriptor that RDKit lists (217 in 2025) for molecules, shape (n, descriptors).

    What RDKit cannot compute is 0, and numbers are cut off at ±1e6: one of them grows beyond any float.

    Raises:
        MoleculeError: RDKit cannot read a SMILES.

    >>> descriptor_matrix(["CCO"]).shape[0]
    1
    """
    from rdkit.Chem import Descriptors as catalog  # 0.1 s, and only this needs it

    with quiet_rdkit():
        compute: Callable[[Chem.Mol], dict[str, float]] = catalog.CalcMolDescriptors
        rows = [list(compute(mol_from_canonical(text)).values()) for text in smiles]
    table = np.array(rows, dtype=np.float64).reshape(len(smiles), len(catalog.descList))
    return np.clip(np.nan_to_num(table, nan=0.0, posinf=1e6, neginf=-1e6), -1e6, 1e6)


def bertz_complexity(mol: Chem.Mol) -> float:
    """Return Bertz's index of the complexity of a molecular graph (doi:10.1021/ja00402a001), 0 and more."""
    return float(_bertz(mol))


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


def _logp(mol: Chem.Mol) -> float:
    return float(rdMolDescriptors.CalcCrippenDescriptors(mol)[0])


def _sa_score(mol: Chem.Mol) -> float:
    return float(sa_scorer().calculateScore(mol))


_FUNCTIONS: Mapping[str, Callable[[Chem.Mol], Any]] = {  # float or int, as `Descriptors` has them
    "molecular_weight": rdMolDescriptors._CalcMolWt,
    "logp": _logp,
    "qed": QED.qed,
    "sa_score": _sa_score,
    "tpsa": rdMolDescriptors.CalcTPSA,
    "heavy_atoms": Chem.Mol.GetNumHeavyAtoms,
    "hetero_atoms": rdMolDescriptors.CalcNumHeteroatoms,
    "rings": rdMolDescriptors.CalcNumRings,
    "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
    "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds,
    "hydrogen_donors": rdMolDescriptors.CalcNumHBD,
    "hydrogen_acceptors": rdMolDescriptors.CalcNumHBA,
    "stereo_centers": rdMolDescriptors.CalcNumAtomStereoCenters,
    "formal_charge": Chem.GetFormalCharge,
}
