from __future__ import annotations

import pytest
from rdkit import Chem

from molvae.chem.oddities import Oddity, has_impossible_bridge, oddities

ODD = [
    ("[CH2]C", {"radical"}),
    ("CC[O]", {"radical"}),
    ("C[NH3+]", {"charge"}),
    ("CC(=O)[O-]", {"charge"}),
    ("CC.O", {"fragments"}),
    ("CS(C)(C)C", {"unusual_valence"}),  # a sulfurane
    ("CP(C)(C)(C)C", {"unusual_valence"}),
    ("CP(=C)(C)C", {"unusual_valence"}),  # an ylide written without charges
    ("CI(C)C", {"unusual_valence"}),
    ("CS(C)(C)(C)(C)C", {"unusual_valence"}),
    ("C1=CC1C", {"strained_ring"}),  # cyclopropene
    ("C1=CC=C1", {"strained_ring"}),  # cyclobutadiene
    ("C12CC1C2", {"strained_ring"}),  # bicyclobutane
    ("C1CC2CC12", {"strained_ring"}),  # housane
    ("C12C3C1C23", {"strained_ring"}),  # tetrahedrane
    ("C1#CCCCC1", {"ring_alkyne"}),
    ("C1=C=CCCC1", {"ring_allene"}),
    ("C1CC2=CC1CC2", {"bridgehead_double_bond"}),  # bicyclo[2.2.1]hept-1-ene
    ("C1=C2CCC(C1)C2", {"bridgehead_double_bond"}),
    ("C1CC2CCC1=CC2", {"bridgehead_double_bond"}),
    ("C=C1C=C2CCC1C2", {"bridgehead_double_bond"}),
    ("C1CCCCCCCC1", {"medium_ring"}),
    ("C1CCCCCCCCCCC1", {"macrocycle"}),
    ("C1=CC1[CH]C", {"radical", "strained_ring"}),
]
ORDINARY = [
    "C[N+](=O)[O-]",  # nitro
    "[O-][n+]1ccccc1",  # N-oxide
    "CN=[N+]=[N-]",
    "[C-]#[N+]C",
    "C[S+](C)[O-]",
    "CS(C)=O",
    "CS(C)(=O)=O",
    "CN=S(C)(C)=O",  # sulfoximine
    "FS(F)(F)(F)(F)c1ccccc1",
    "CP(C)(=O)OC",
    "C1CC1C1CCC1",
    "C1C2CC1C2",  # bicyclo[1.1.1]pentane
    "C1CC12CC2",  # spiropentane shares an atom, no bond
    "O=C1C(=O)C(O)=C1O",  # squaric acid
    "c1ccc2c(c1)CC2",
    "C1CC2CC1C=C2",  # norbornene: its double bond is not at the bridgehead
    "C=C1C2CCC1CC2",  # nor is an exocyclic one on the bridge
    "C1#CCCCCCC1",  # cyclooctyne
    "C1=C=CCCCCCC1",  # 1,2-cyclononadiene, but for its size
    "C1CCC2=CCCC(C1)C2",  # bicyclo[4.3.1]dec-1-ene: the larger ring of its double bond has nine atoms
    "CC=C=CC",
    "CC#CC",
    "C1CCCCCCC1",
    "c1ccc2ccccc2c1",
    "C[Si](C)(C)C",
    "OB(O)c1ccccc1",
    "c1ccc2nsnc2c1",
]


@pytest.mark.parametrize(("smiles", "codes"), ODD)
def test_what_is_odd_is_found_and_nothing_else(smiles: str, codes: set[str]) -> None:
    assert {finding.code.value for finding in oddities(Chem.MolFromSmiles(smiles))} == codes


@pytest.mark.parametrize("smiles", ORDINARY)
def test_what_chemists_make_is_not_odd(smiles: str) -> None:
    sizes = {Oddity.MEDIUM_RING, Oddity.MACROCYCLE}
    assert [finding for finding in oddities(Chem.MolFromSmiles(smiles)) if finding.code not in sizes] == []


@pytest.mark.parametrize(("smiles", "codes"), ODD)
def test_findings_do_not_depend_on_the_order_of_the_atoms(smiles: str, codes: set[str]) -> None:
    mol = Chem.MolFromSmiles(smiles)
    turned = Chem.RenumberAtoms(mol, list(range(mol.GetNumAtoms()))[::-1])
    last = mol.GetNumAtoms() - 1
    expected = {(finding.code, frozenset(last - atom for atom in finding.atoms)) for finding in oddities(mol)}
    assert {(finding.code, frozenset(finding.atoms)) for finding in oddities(turned)} == expected


def test_the_atoms_named_are_those_that_are_odd() -> None:
    found = {finding.code: finding.atoms for finding in oddities(Chem.MolFromSmiles("CC[CH]C.[Cl-]"))}
    assert found == {Oddity.RADICAL: (2,), Oddity.CHARGE: (4,), Oddity.FRAGMENTS: (4,)}


def test_hardly_a_real_molecule_is_odd(wehi_smiles: list[str]) -> None:
    neutral = [smiles for smiles in wehi_smiles if "." not in smiles][:1_000]
    odd = [smiles for smiles in neutral if oddities(Chem.MolFromSmiles(smiles))]
    assert len(odd) < 20


def test_an_aromatic_ring_that_a_short_chain_joins_is_bent() -> None:
    bent = {"C1Cc2ccc1cc2": True, "CCCc1cc2ccc1CC2": True, "c1cc2cc(c1)CCCC2": True, "c1cc2cc(c1)CCCCC2": False}
    flat = {"C1Cc2ccccc2C1": False, "c1ccc2c(c1)C1CCC2C1": False, "c1cc2ccc1CCCCCCCC2": False}
    for smiles, expected in (bent | flat).items():
        found = {finding.code for finding in oddities(Chem.MolFromSmiles(smiles))}
        assert (Oddity.BENT_AROMATIC in found) == expected, smiles
        assert has_impossible_bridge(Chem.MolFromSmiles(smiles)) == expected, smiles
