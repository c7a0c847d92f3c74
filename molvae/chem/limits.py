"""What keeps one text from stalling a run: the work that a SMILES string asks of RDKit, told before RDKit begins.

RDKit cannot be interrupted inside C++, and its search for aromatic rings doubles with every few rings that are fused to
a ribbon: 30 take up to 0.3 s, 50 take 4 s, and 100 end in minutes or in the memory. A decoder far from all molecules
writes such ribbons, and so can whoever wrote a file.
"""

from __future__ import annotations

import re

from rdkit import Chem

from molvae.chem.reasons import Reason
from molvae.errors import MoleculeError

MAX_CHARACTERS, MAX_RING_BONDS = 10_000, 50  # of what is read without a standardization that says less

_BRACKETS = re.compile(r"\[[^\]]*\]?")
_RING_LABEL = re.compile(r"%\(\d+\)|%\d\d|\d")


def ring_bonds(text: str) -> int:
    """Return how many ring bonds a SMILES string closes; a connected molecule has as many rings, ring by ring.

    >>> ring_bonds("CC1CC1"), ring_bonds("[13CH3]C%10CC%10C2CC2"), ring_bonds("CCO")
    (1, 2, 0)
    """
    return len(_RING_LABEL.findall(_BRACKETS.sub("", text))) // 2


def check_ring_bonds(text: str, limit: int) -> None:
    """Refuse a SMILES string that closes more ring bonds than `limit`.

    Raises:
        MoleculeError: `too_large`.
    """
    if len(text) > 2 * limit and (count := ring_bonds(text)) > limit:  # a ring bond is written at both its ends
        raise MoleculeError(Reason.TOO_LARGE, f"{count} ring bonds, at most {limit} are read")


def foreign_mol(smiles: str) -> Chem.Mol | None:
    """Return RDKit's molecule of a SMILES string from outside that no gate has seen; None where there is none.

    >>> foreign_mol("C1CC"), foreign_mol("C12" * 200)
    (None, None)
    """
    try:
        check_ring_bonds(smiles, MAX_RING_BONDS)
        return None if len(smiles) > MAX_CHARACTERS else Chem.MolFromSmiles(smiles)
    except (RuntimeError, ValueError):  # a MoleculeError, or a pre-condition inside RDKit
        return None
