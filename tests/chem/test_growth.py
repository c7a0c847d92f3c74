"""Scaffolds: where molecules may grow, and spellings that end there."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molvae.chem.growth import Scaffold, spellings
from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.errors import ConfigError, MoleculeError


def with_fluorine(smiles: str, atom: int) -> str:
    """Return the molecule with an F in place of a hydrogen of one atom, by a way of its own."""
    mol = Chem.RWMol(Chem.AddHs(mol_from_canonical(smiles)))
    hydrogen = next(each for each in mol.GetAtomWithIdx(atom).GetNeighbors() if each.GetAtomicNum() == 1)
    hydrogen.SetAtomicNum(9)
    return Chem.MolToSmiles(Chem.RemoveHs(mol.GetMol()))


def test_a_spelling_is_the_molecule_with_a_fluorine_last(wehi_smiles: list[str]) -> None:
    rng = np.random.default_rng(0)
    several = 0
    for smiles in (canonical_smiles(text) for text in wehi_smiles[:60] if "." not in text):
        mol = mol_from_canonical(smiles)
        atoms = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetTotalNumHs()]
        expected = {with_fluorine(smiles, atom) for atom in atoms}
        found = spellings(smiles, atoms, 12, rng)
        several += len(found) > 3
        for text in found:
            spelled = Chem.MolFromSmiles(text)
            assert spelled.GetAtomWithIdx(spelled.GetNumAtoms() - 1).GetSymbol() == "F"
            assert Chem.MolToSmiles(spelled) in expected
    assert several > 50


def test_spellings_are_the_same_for_a_seed() -> None:
    def draw(seed: int) -> list[str]:
        return spellings("Cc1ccc2[nH]ccc2c1", [0, 5, 7], 9, np.random.default_rng(seed))

    assert draw(3) == draw(3)
    assert draw(3) != draw(4)


def test_without_attachment_points_any_atom_with_a_hydrogen_may_grow() -> None:
    scaffold = Scaffold("c1ccncc1")
    assert scaffold.is_in("CCc1ccncc1")
    assert not scaffold.is_in("CCc1ccccc1")
    assert scaffold.open_atoms("Cc1ccccc1") is None
    assert scaffold.open_atoms("Cc1ccncc1") == [2, 3, 5, 6]  # not at the nitrogen, not where the methyl group is


@pytest.mark.parametrize(
    ("scaffold", "molecule", "open_places"),
    [
        ("*c1ccc(*)cc1", "c1ccccc1", 2),
        ("*c1ccc(*)cc1", "Cc1ccccc1", 1),
        ("*c1ccc(*)cc1", "Cc1ccc(O)cc1", 0),
        ("*c1ccc(*)cc1", "Cc1ccccc1O", None),
        ("*c1ccc(*)cc1", "Cc1ccc(O)c(F)c1", None),
        ("*n1cccc1", "c1cc[nH]c1", 1),
        ("*n1cccc1", "Cn1cccc1", 0),
        ("*C(*)=O", "CC(C)=O", 0),
        ("*C(*)=O", "CC=O", 1),
        ("[1*]C1CC1", "CC1CC1", 0),
        ("*[C@@H](N)C(=O)O", "C[C@H](N)C(=O)O", 0),
    ],
)
def test_a_molecule_grows_at_its_attachment_points_only(scaffold: str, molecule: str, open_places: int | None) -> None:
    part = Scaffold(scaffold)
    found = part.open_atoms(canonical_smiles(molecule))
    assert (None if found is None else len(found)) == open_places
    assert part.is_in(canonical_smiles(molecule)) == (open_places == 0)


def test_stereo_of_the_scaffold_is_asked_for() -> None:
    scaffold = Scaffold("C[C@H](N)C(=O)O")
    assert scaffold.is_in(canonical_smiles("C[C@H](NC)C(=O)O"))
    assert not scaffold.is_in(canonical_smiles("C[C@@H](NC)C(=O)O"))


@pytest.mark.parametrize("smiles", ["*", "C*C", "C=*", "**"])
def test_an_attachment_point_is_one_single_bond_to_an_atom(smiles: str) -> None:
    with pytest.raises(ConfigError, match="one single bond"):
        Scaffold(smiles)


@pytest.mark.parametrize("smiles", ["", None, "C1CC", "*C1CC", "CCO.C*", "*[Fe]", "C" * 2_000 + "*", "c1cccc1*"])
def test_what_is_no_molecule_is_refused(smiles: str) -> None:
    with pytest.raises(MoleculeError):
        Scaffold(smiles)
