"""The benchmark tasks: the scores of GuacaMol's own code, and no state between them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from molvae.chem.molecule import canonical_smiles
from molvae.optimize.tasks import PMO_TASKS, rediscovery, similarity

with (Path(__file__).parent / "guacamol_scores.csv").open(encoding="utf-8", newline="") as _stream:
    REFERENCE = list(csv.DictReader(_stream))  # written by scripts/guacamol_reference.py
SMILES = [row["smiles"] for row in REFERENCE]
HOP_FROM = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"


def test_there_are_the_twenty_tasks_that_need_only_rdkit() -> None:
    assert len(PMO_TASKS) == 20
    assert list(PMO_TASKS) == sorted(PMO_TASKS)
    assert set(REFERENCE[0]) == {"smiles", *PMO_TASKS}


@pytest.mark.parametrize("name", PMO_TASKS)
def test_a_task_scores_as_guacamol_does(name: str) -> None:
    expected = [float(row[name]) for row in REFERENCE]
    assert PMO_TASKS[name]()(SMILES) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", PMO_TASKS)
def test_the_reference_can_tell_a_wrong_score(name: str) -> None:
    scores = [float(row[name]) for row in REFERENCE]
    assert all(0 <= score <= 1 for score in scores)
    assert max(scores) > 0.1
    assert len({round(score, 6) for score in scores if score > 0}) >= 3


def test_a_task_leaves_no_trace_in_another() -> None:
    before = PMO_TASKS["deco_hop"]()(SMILES)
    PMO_TASKS["scaffold_hop"]()(SMILES)
    assert PMO_TASKS["deco_hop"]()(SMILES) == before
    [deco], [scaffold] = PMO_TASKS["deco_hop"]()([HOP_FROM]), PMO_TASKS["scaffold_hop"]()([HOP_FROM])
    assert deco == pytest.approx((1 + 0 + 0 + 1) / 4)  # like itself, with both decorations, with the scaffold
    assert scaffold == pytest.approx((1 + 1 + 0) / 3)


def test_hydrogens_and_charges_count_in_a_formula() -> None:
    isomers = PMO_TASKS["isomers_c7h8n2o2"]()
    assert isomers(["COc1ccc(C(N)=O)cn1"]) == [1.0]
    [cation] = isomers([canonical_smiles("COc1ccc(C(N)=O)c[nH+]1")])
    # one hydrogen and with it one atom too many, in a mean of five parts
    assert cation == pytest.approx(2.718281828 ** (-(0.5 + 0.125) / 5))


def test_rediscovery_is_one_for_the_target_alone() -> None:
    celecoxib = "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1"
    scores = PMO_TASKS["celecoxib_rediscovery"]()([celecoxib, *SMILES])
    assert [smiles for smiles, score in zip(SMILES, scores[1:], strict=True) if score == 1] == [celecoxib]
    assert rediscovery("CCO")(["CCO"]) == [1.0]


def test_a_similarity_that_is_enough_scores_one() -> None:
    [full], [clipped] = rediscovery("CCCCO")(["CCCCCO"]), similarity("CCCCO", enough=0.5)(["CCCCCO"])
    assert 0.5 < full < clipped == 1
    assert similarity("CCCCO")(["CCO"])[0] == pytest.approx(rediscovery("CCCCO")(["CCO"])[0] / 0.75)
