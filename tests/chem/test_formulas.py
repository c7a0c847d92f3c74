"""Formulas: read, counted with hydrogens, and refused where they are none."""

from __future__ import annotations

import pytest
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from molvae.chem.formulas import element_counts, parse_formula
from molvae.chem.molecule import mol_from_canonical, read_molecule
from molvae.errors import ConfigError


def test_counts_are_those_of_rdkits_formula(wehi_smiles: list[str]) -> None:
    for smiles in (*(text for text in wehi_smiles[:40] if "." not in text), "C[NH+](C)C", "[H]/N=C/C"):
        mol = read_molecule(smiles).mol
        assert element_counts(mol) == parse_formula(CalcMolFormula(mol).partition("+")[0])


def test_an_isotope_is_its_element() -> None:
    assert element_counts(mol_from_canonical("[2H]C([2H])([2H])[13CH3]")) == {"C": 2, "H": 6}


@pytest.mark.parametrize("formula", ["", "c7", "C2H6 ", "CC", "C-2", "2C"])
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ConfigError, match="a formula is written like"):
        parse_formula(formula)
