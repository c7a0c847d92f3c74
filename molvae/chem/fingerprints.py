"""Morgan fingerprints (doi:10.1021/ci100050t) and Tanimoto similarity, on SMILES, RDKit molecules or fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molvae.chem.molecule import mol_from_canonical

Fingerprint: TypeAlias = DataStructs.ExplicitBitVect
MoleculeLike: TypeAlias = "str | Chem.Mol | Fingerprint"


@lru_cache(maxsize=16)
def _generator(radius: int, n_bits: int) -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=n_bits)


def morgan_fingerprints(smiles: Sequence[str | Chem.Mol], radius: int = 2, n_bits: int = 2048) -> list[Fingerprint]:
    """Return the Morgan fingerprint of each molecule; stereo is left out, as is usual for similarity.

    Raises:
        MoleculeError: a SMILES that RDKit cannot read.

    >>> [fingerprint.GetNumOnBits() for fingerprint in morgan_fingerprints(["CCO", "c1ccccc1"])]
    [6, 3]
    """
    generator = _generator(radius, n_bits)
    return [generator.GetFingerprint(mol_from_canonical(text)) for text in smiles]


def morgan_counts(smiles: Sequence[str | Chem.Mol], radius: int = 3, n_bits: int = 2048) -> NDArray[np.uint8]:
    """Return how often each environment occurs in each molecule, shape (n, n_bits), 255 for more; stereo is left out.

    Raises:
        MoleculeError: a SMILES that RDKit cannot read.

    >>> morgan_counts(["CCO"]).sum(axis=1).tolist()
    [6]
    """
    generator = _generator(radius, n_bits)
    counts = np.zeros((len(smiles), n_bits), dtype=np.uint8)
    for row, text in enumerate(smiles):
        counts[row] = np.minimum(generator.GetCountFingerprintAsNumPy(mol_from_canonical(text)), 255)
    return counts


def morgan_environments(smiles: str | Chem.Mol, radius: int = 2, width: int = 2048) -> dict[int, int]:
    """Return how often each environment occurs, by its number below `width`, without those that do not; no stereo.

    Raises:
        MoleculeError: a SMILES that RDKit cannot read.

    >>> sorted(morgan_environments("CCO").values())
    [1, 1, 1, 1, 1, 1]
    """
    counts = _generator(radius, width).GetCountFingerprint(mol_from_canonical(smiles))
    found: dict[int, int] = counts.GetNonzeroElements()
    return found


def morgan_matrix(smiles: Sequence[str | Chem.Mol], radius: int = 2, n_bits: int = 2048) -> NDArray[np.uint8]:
    """Return the Morgan fingerprints of molecules as a table of 0 and 1, shape (n, n_bits).

    Raises:
        MoleculeError: a SMILES that RDKit cannot read.

    >>> morgan_matrix(["CCO", "c1ccccc1"]).sum(axis=1).tolist()
    [6, 3]
    """
    generator = _generator(radius, n_bits)
    matrix = np.empty((len(smiles), n_bits), dtype=np.uint8)
    for row, text in enumerate(smiles):
        matrix[row] = generator.GetFingerprintAsNumPy(mol_from_canonical(text))
    return matrix


def tanimoto(a: MoleculeLike, b: MoleculeLike) -> float:
    """Return the Tanimoto similarity of two molecules, from 0 to 1.

    >>> tanimoto("CCO", "OCC")
    1.0
    """
    return float(DataStructs.TanimotoSimilarity(_fingerprint(a), _fingerprint(b)))


def tanimoto_to(query: MoleculeLike, others: Sequence[MoleculeLike]) -> NDArray[np.float64]:
    """Return the Tanimoto similarity of one molecule to each of `others`, shape (n,).

    >>> tanimoto_to("CCO", ["CCO", "c1ccccc1"]).tolist()
    [1.0, 0.0]
    """
    fingerprints = [_fingerprint(other) for other in others]
    return np.array(DataStructs.BulkTanimotoSimilarity(_fingerprint(query), fingerprints), dtype=np.float64)


def tanimoto_matrix(rows: Sequence[MoleculeLike], columns: Sequence[MoleculeLike]) -> NDArray[np.float64]:
    """Return the Tanimoto similarity of each of `rows` to each of `columns`, shape (rows, columns).

    >>> tanimoto_matrix(["CCO", "CCN"], ["CCO"]).shape
    (2, 1)
    """
    fingerprints = [_fingerprint(column) for column in columns]
    matrix = np.empty((len(rows), len(columns)))
    for index, row in enumerate(rows):
        matrix[index] = DataStructs.BulkTanimotoSimilarity(_fingerprint(row), fingerprints)
    return matrix


def _fingerprint(molecule: MoleculeLike) -> Fingerprint:
    return molecule if isinstance(molecule, Fingerprint) else morgan_fingerprints([molecule])[0]
