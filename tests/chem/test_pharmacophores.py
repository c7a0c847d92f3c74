"""Pharmacophore fingerprints have the bits of RDKit's own, slower ones."""

from __future__ import annotations

import itertools
from typing import Any

from rdkit import DataStructs
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

from molvae.chem.molecule import mol_from_canonical, read_molecule
from molvae.chem.pharmacophores import pharmacophore_fingerprint


def test_similarities_are_those_of_rdkits_fingerprint(wehi_smiles: list[str]) -> None:
    fingerprint: Any = Generate.Gen2DFingerprint
    mols = [read_molecule(smiles).mol for smiles in wehi_smiles[:40] if "." not in smiles]
    ours = [pharmacophore_fingerprint(mol) for mol in mols]
    theirs = [fingerprint(mol, Gobbi_Pharm2D.factory) for mol in mols]
    assert [a.GetNumOnBits() for a in ours] == [b.GetNumOnBits() for b in theirs]
    for (a, b), (c, d) in zip(itertools.combinations(ours, 2), itertools.combinations(theirs, 2), strict=True):
        assert DataStructs.TanimotoSimilarity(a, b) == DataStructs.TanimotoSimilarity(c, d)


def test_a_molecule_without_features_has_no_bits() -> None:
    assert pharmacophore_fingerprint(mol_from_canonical("C")).GetNumOnBits() == 0
