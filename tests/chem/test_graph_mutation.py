"""Graph mutations: sound molecules, never the one they came from, and the same for a seed."""

from __future__ import annotations

import numpy as np
import pytest

from molvae.chem.graph_mutation import mutate
from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.errors import MoleculeError


@pytest.fixture(scope="module")
def molecules(wehi_smiles: list[str]) -> list[str]:
    return [canonical_smiles(smiles) for smiles in wehi_smiles[:60] if "." not in smiles]


def mutants(molecules: list[str], seed: int) -> list[str | None]:
    rng = np.random.default_rng(seed)
    return [mutate(smiles, rng) for smiles in molecules]


def test_mutants_pass_the_gate_as_they_are_and_are_new(molecules: list[str]) -> None:
    found = mutants(molecules * 3, 0)
    assert sum(smiles is not None for smiles in found) > 0.95 * len(found)
    for parent, child in zip(molecules * 3, found, strict=True):
        if child is not None:
            assert child != parent
            assert canonical_smiles(child) == child  # no radicals, one component
            mol = mol_from_canonical(child)
            assert mol.GetNumHeavyAtoms() <= 50
            assert all(len(ring) <= 8 for ring in mol.GetRingInfo().AtomRings())


def test_a_seed_decides_the_mutants(molecules: list[str]) -> None:
    assert mutants(molecules[:20], 3) == mutants(molecules[:20], 3) != mutants(molecules[:20], 4)


@pytest.mark.parametrize(
    ("parent", "child"),
    [("CCO", "CCCO"), ("CCO", "CO"), ("CCO", "CCN"), ("CCO", "CC=O"), ("CCCCC", "C1CCCC1"), ("C1CCCC1", "CCCCC"),
     ("Cc1ccccc1O", "Cc1ccc(O)cc1"), ("CC(C)C", "CCC"), ("c1cc[nH]c1", "Cn1cccc1"), ("C[C@H](N)O", "CC(C)(N)O"),
     ("c1ccccc1", "c1ccncc1"), ("O=[N+]([O-])c1ccccc1", "Cc1ccccc1[N+](=O)[O-]")],
)  # fmt: skip
def test_every_kind_of_change_is_made(parent: str, child: str) -> None:
    rng = np.random.default_rng(0)
    assert any(mutate(parent, rng) == child for _ in range(1_000))


def test_an_unreadable_parent_is_refused() -> None:
    with pytest.raises(MoleculeError, match="syntax"):
        mutate("C1CC", np.random.default_rng(0))
