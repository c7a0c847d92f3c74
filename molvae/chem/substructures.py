"""Substructures: how often a SMARTS pattern occurs in a molecule."""

from __future__ import annotations

from functools import lru_cache

from rdkit import Chem

from molvae.chem.logs import quiet_rdkit
from molvae.chem.refusals import shown
from molvae.errors import ConfigError

_MAX_CHARACTERS = 1_000  # RDKit's parser recurses, and cannot be interrupted


@lru_cache(maxsize=256)
def read_smarts(smarts: str) -> Chem.Mol:
    """Return the query molecule of a SMARTS pattern.

    Raises:
        ConfigError: not a SMARTS pattern, or none with an atom.

    >>> read_smarts("[#6]-[OH]").GetNumAtoms()
    2
    """
    if len(smarts) > _MAX_CHARACTERS:
        raise ConfigError(f"a SMARTS pattern has at most {_MAX_CHARACTERS:,} characters, got {len(smarts):,}")
    with quiet_rdkit():
        pattern = Chem.MolFromSmarts(smarts)
    if pattern is None or pattern.GetNumAtoms() == 0:
        raise ConfigError(f"{shown(smarts)} is not a SMARTS pattern")
    return pattern


def has_substructure(mol: Chem.Mol, smarts: str) -> bool:
    """Tell whether `smarts` occurs in the molecule.

    >>> has_substructure(Chem.MolFromSmiles("CCO"), "[OH]")
    True
    """
    return bool(mol.HasSubstructMatch(read_smarts(smarts)))


def count_substructures(mol: Chem.Mol, smarts: str) -> int:
    """Return how many different sets of atoms match `smarts`, at most 1,000.

    >>> count_substructures(Chem.MolFromSmiles("OCCO"), "[OH]")
    2
    """
    return len(mol.GetSubstructMatches(read_smarts(smarts)))
