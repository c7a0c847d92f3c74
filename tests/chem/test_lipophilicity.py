"""Penalized logP: the published formula, and the same value however the atoms are numbered."""

from __future__ import annotations

import random

import networkx
import pytest
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors
from rdkit.Contrib.SA_Score import sascorer

from molvae.chem.lipophilicity import penalized_logp
from molvae.chem.molecule import mol_from_canonical, read_molecule


def published(mol: Chem.Mol) -> tuple[float, float]:
    """Return the score as GCPN, MoFlow and others compute it, and without their normalization."""
    cycles = networkx.cycle_basis(networkx.Graph(Chem.GetAdjacencyMatrix(mol)))
    cycle = -max(max(map(len, cycles), default=0) - 6, 0)
    logp, sa = rdMolDescriptors.CalcCrippenDescriptors(mol)[0], -sascorer.calculateScore(mol)
    normalized = (
        (logp - 2.4570953396190123) / 1.434324401111988
        + (sa + 3.0525811293166134) / 0.8335207024513095
        + (cycle + 0.0485696876403053) / 0.2860212110245455
    )
    return normalized, logp + sa + cycle


def test_it_agrees_with_the_published_code(wehi_smiles: list[str]) -> None:
    for smiles in ("C1CCCCCCC1", "CCCCCC", *wehi_smiles[:50]):  # none of them has rings that networkx sees otherwise
        mol = read_molecule(smiles).mol
        assert (penalized_logp(mol), penalized_logp(mol, "none")) == pytest.approx(published(mol))


def test_normalizations_rank_by_the_same_terms() -> None:
    benzene, cyclooctane = mol_from_canonical("c1ccccc1"), mol_from_canonical("C1CCCCCCC1")
    for normalization in ("zinc", "zinc-nigam", "none"):
        assert penalized_logp(benzene, normalization) > penalized_logp(cyclooctane, normalization)


def test_the_order_of_the_atoms_does_not_matter() -> None:
    mol = mol_from_canonical("CC(C)C(=O)NC(=S)Nc1ccc2c3c(cccc13)CC2")  # a basis of networkx has a ring of 11 here
    shuffled = random.Random(0)
    for _ in range(20):
        order = list(range(mol.GetNumAtoms()))
        shuffled.shuffle(order)
        assert penalized_logp(Chem.RenumberAtoms(mol, order)) == pytest.approx(penalized_logp(mol))
