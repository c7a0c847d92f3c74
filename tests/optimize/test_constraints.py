"""Constraints: each accepts what keeps its rule, and says in words what breaks it."""

from __future__ import annotations

import dataclasses

import pytest

from molvae.chem.molecule import read_molecule
from molvae.errors import ConfigError, DataError, MoleculeError
from molvae.latent.space import LatentSpace
from molvae.optimize.constraints import (
    Constraint,
    Contains,
    InDomain,
    Lacks,
    NoAlerts,
    PropertyRange,
    SimilarTo,
    ValueRange,
    max_atoms,
)
from molvae.optimize.objective import Objective
from molvae.optimize.result import Result

ASPIRIN, PARACETAMOL = "CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1"


@pytest.mark.parametrize(
    ("constraint", "kept", "broken", "why"),
    [
        (SimilarTo("O=C(O)c1ccccc1OC(C)=O", 0.5), ASPIRIN, "CCCCCC", "similarity 0.020, below 0.5"),
        (Contains("C(=O)[OH]"), ASPIRIN, PARACETAMOL, r"lacks C(=O)[OH]"),
        (Contains("[CX3]=O", count=2), ASPIRIN, PARACETAMOL, "has 1 of [CX3]=O, needs 2"),
        (Lacks("[NX3]"), ASPIRIN, PARACETAMOL, "has [NX3]"),
        (PropertyRange("logp", low=1.32), PARACETAMOL, ASPIRIN, "logp 1.31, below 1.32"),
        (max_atoms(11), PARACETAMOL, ASPIRIN, "heavy_atoms 13, above 11"),
        (NoAlerts(), "CCOc1ccccc1", "CC(=O)Cl", "raises the alert "),
    ],
)
def test_a_rule_is_kept_or_its_breach_is_named(constraint: Constraint, kept: str, broken: str, why: str) -> None:
    assert constraint.violation(read_molecule(kept)) == ""
    assert constraint.violation(read_molecule(broken)).startswith(why)


def test_the_ends_of_a_range_are_allowed() -> None:
    assert PropertyRange("rings", low=1, high=1).violation(read_molecule(ASPIRIN)) == ""
    assert ValueRange("energy", low=-2, high=-1).value_violation({"energy": -2.0}) == ""
    assert ValueRange("energy", high=-1).value_violation({"energy": 0.5}) == "energy 0.5, above -1"
    assert ValueRange("energy", high=-1).value_violation({}) != ""


def test_impossible_rules_are_refused_where_they_are_made() -> None:
    with pytest.raises(MoleculeError, match="syntax"):
        SimilarTo("C1CC")
    for make in (
        lambda: SimilarTo("CC", 1.5), lambda: Contains("[C"), lambda: Contains("C", count=0), lambda: Lacks(""),
        lambda: PropertyRange("mass", high=1), lambda: ValueRange("a", low=2, high=1), lambda: max_atoms(0),
        lambda: NoAlerts(("ALL",)),  # type: ignore[arg-type]
    ):  # fmt: skip
        with pytest.raises(ConfigError):
            make()


def test_the_domain_of_a_model_is_a_rule_and_a_column(space: LatentSpace, wehi_smiles: list[str]) -> None:
    with pytest.raises(DataError, match="learn_domain"):
        InDomain(space)
    known = sorted(set(wehi_smiles), key=lambda smiles: (len(smiles), smiles))[:64]
    knowing = LatentSpace(dataclasses.replace(space.checkpoint, metadata={}), threads=1, workers=1).learn_domain(known)
    first = read_molecule(known[0])
    score = float(knowing.domain([first.smiles])[0])
    assert InDomain(knowing, least=score).violation(first) == ""
    assert InDomain(knowing, least=1).violation(read_molecule("CCCCCCCCCCCCCC")).startswith("domain score")
    assert InDomain(knowing).violation(read_molecule("C[Se]C")) == "the model cannot take it"
    objective = Objective(lambda smiles: [float(len(text)) for text in smiles], budget=5)
    objective.evaluate([first.smiles])
    assert Result(objective, space=knowing).top()["domain"].tolist() == [score]
    assert "domain" not in Result(objective, space=space).top()
