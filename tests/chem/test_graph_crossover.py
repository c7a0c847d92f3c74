"""Graph crossover: sound molecules with atoms of both parents, and the same for a seed."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molvae.chem.graph_crossover import crossover
from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.errors import MoleculeError


@pytest.fixture(scope="module")
def molecules(wehi_smiles: list[str]) -> list[str]:
    return [canonical_smiles(smiles) for smiles in wehi_smiles[:60] if "." not in smiles]


def children(molecules: list[str], seed: int) -> list[tuple[str | None, set[str]]]:
    rng = np.random.default_rng(seed)
    pairs = zip(molecules, reversed(molecules), strict=True)
    return [(crossover(first, second, rng), {first, second}) for first, second in pairs if first != second]


def test_children_pass_the_gate_as_they_are_and_are_new(molecules: list[str]) -> None:
    found = children(molecules, 0)
    assert sum(child is not None for child, _ in found) > 0.9 * len(found)
    for child, parents in found:
        if child is not None:
            assert child not in parents
            assert canonical_smiles(child) == child
            mol = mol_from_canonical(child)
            assert mol.GetNumHeavyAtoms() <= 50
            assert all(len(ring) <= 8 for ring in mol.GetRingInfo().AtomRings())


def test_a_seed_decides_the_children(molecules: list[str]) -> None:
    assert children(molecules[:20], 3) == children(molecules[:20], 3) != children(molecules[:20], 4)


def test_a_crossover_takes_atoms_of_both() -> None:
    rng = np.random.default_rng(0)
    found = {crossover("FC(F)(F)CCCC", "ClC(Cl)(Cl)CCCC", rng) for _ in range(40)}
    assert any(child is not None and "F" in child and "Cl" in child for child in found)


def test_rings_are_cut_and_joined() -> None:
    rng = np.random.default_rng(0)
    found = {crossover("c1ccccc1", "C1CCNCC1", rng) for _ in range(40)} - {None}
    mols = [mol_from_canonical(str(child)) for child in found]
    assert any(mol.HasSubstructMatch(Chem.MolFromSmarts("[#7;R]")) for mol in mols)


def test_atoms_without_bonds_cannot_be_crossed() -> None:
    assert crossover("C", "C", np.random.default_rng(0)) is None


def test_an_unreadable_parent_is_refused() -> None:
    with pytest.raises(MoleculeError, match="syntax"):
        crossover("CCO", "C1CC", np.random.default_rng(0))
