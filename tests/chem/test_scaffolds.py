"""Murcko scaffolds."""

from __future__ import annotations

import pytest

from molvae.chem.scaffolds import murcko_scaffold


@pytest.mark.parametrize(
    ("smiles", "scaffold"),
    [
        ("CCO", ""),
        ("Cc1ccccc1", "c1ccccc1"),
        ("O=C(Nc1ccccc1)C1CC1", "O=C(Nc1ccccc1)C1CC1"),
        ("C[C@H]1CC[C@@H](O)CC1", "C1CCCCC1"),
    ],
)
def test_the_scaffold_is_rings_and_linkers_without_stereo(smiles: str, scaffold: str) -> None:
    assert murcko_scaffold(smiles) == scaffold


def test_the_scaffold_of_a_scaffold_is_itself(wehi_smiles: list[str]) -> None:
    for smiles in wehi_smiles[:100]:
        scaffold = murcko_scaffold(smiles)
        assert not scaffold or murcko_scaffold(scaffold) == scaffold
