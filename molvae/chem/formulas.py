"""Molecular formulas: how many atoms of each element a molecule has."""

from __future__ import annotations

import re
from collections import Counter

from rdkit import Chem

from molvae.errors import ConfigError

_FORMULA = re.compile(r"([A-Z][a-z]?\d*)+")
_ELEMENT = re.compile(r"([A-Z][a-z]?)(\d*)")


def parse_formula(formula: str) -> dict[str, int]:
    """Return the number of atoms of each element, in the order of the formula.

    Raises:
        ConfigError: not a formula, or an element twice.

    >>> parse_formula("C9H10N2O2PF2Cl")
    {'C': 9, 'H': 10, 'N': 2, 'O': 2, 'P': 1, 'F': 2, 'Cl': 1}
    """
    elements = _ELEMENT.findall(formula)
    counts = {element: int(number or 1) for element, number in elements}
    if not _FORMULA.fullmatch(formula) or len(counts) != len(elements):
        raise ConfigError(f"a formula is written like C7H8N2O2, got {formula[:80]!r}")
    return counts


def element_counts(mol: Chem.Mol) -> Counter[str]:
    """Return how many atoms of each element a molecule has, hydrogens included.

    >>> element_counts(Chem.MolFromSmiles("CCO")) == {"C": 2, "H": 6, "O": 1}
    True
    """
    return Counter(atom.GetSymbol() for atom in Chem.AddHs(mol).GetAtoms())
