"""`molvae score`: rows stay aligned, refusals carry their reasons, and the output is what machines expect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from molvae.chem.descriptors import descriptors
from molvae.optimize.tasks import PMO_TASKS

Molvae = Callable[..., Result]

ROWS = "CCO ethanol\nC1CC broken\nOCC again\n\nc1ccccc1O phenol\n"


def test_scores_are_one_object_in_the_order_of_the_rows(molvae: Molvae) -> None:
    result = molvae("score", "-", "--objective", "qed", "--json", input=ROWS)
    found = json.loads(result.stdout)
    ethanol, phenol = descriptors("CCO").qed, descriptors("Oc1ccccc1").qed
    assert found["scores"] == [ethanol, None, ethanol, None, phenol]
    assert found["reasons"] == [None, "syntax: 'C1CC' is not SMILES", None, "empty: a blank line", None]
    assert "3 of 5 rows scored" in result.stderr


def test_people_get_a_table(molvae: Molvae) -> None:
    lines = molvae("score", "-", "--objective", "qed", input=ROWS).stdout.splitlines()
    assert [line.split("\t") for line in lines[:3]] == [
        ["smiles", "qed", "reason", "name"], ["CCO", "0.4068", "", "ethanol"],
        ["C1CC", "", "syntax: 'C1CC' is not SMILES", "broken"],
    ]  # fmt: skip


def test_the_drugs_are_scored_as_the_library_scores_them(molvae: Molvae, project_root: Path, tmp_path: Path) -> None:
    drugs = project_root / "data" / "drugs.smi"
    scores = json.loads(molvae("score", drugs, "--objective", "deco_hop", "--json").stdout)["scores"]
    assert scores == PMO_TASKS["deco_hop"]()([line.split()[0] for line in drugs.read_text().splitlines()])
    molvae("score", drugs, "--objective", "deco_hop", "-o", tmp_path / "scores.csv")
    written = (tmp_path / "scores.csv").read_text().splitlines()
    assert written[0] == "smiles,deco_hop,reason,name"
    assert len(written) == len(scores) + 1


def test_a_molecule_beyond_the_cap_says_so(molvae: Molvae) -> None:
    found = json.loads(
        molvae("score", "-", "--objective", "penalized_logp", "--json", input=f"CCO\n{'C' * 39}\n").stdout
    )
    assert (found["scores"][1], found["reasons"][1]) == (None, "heavy_atoms 39, above 38")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_function_of_the_user_may_print_and_fail(
    molvae: Molvae, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    (tmp_path / "molvae_cli_scorer.py").write_text(
        "def f(smiles):\n"
        "    print('calling')\n"
        "    return [{'a': len(s), 'b': None} if len(s) < 4 else None for s in smiles]\n"
    )
    monkeypatch.chdir(tmp_path)
    options = ["--objective", "molvae_cli_scorer:f", "--json", "--workers", workers]
    result = molvae("score", "-", *options, input="C\nCCCC\n")
    assert json.loads(result.stdout) == {
        "scores": [{"a": 1.0, "b": None}, None], "reasons": [None, "the objective returned None"],
    }  # fmt: skip


def test_the_list_shows_every_name(molvae: Molvae) -> None:
    lines = molvae("score", "--list").stdout.splitlines()
    assert lines[0] == "objective\tscore"
    assert {line.split("\t")[0] for line in lines} >= {*PMO_TASKS, "penalized_logp", "sa_score", "similarity:SMILES"}
    assert json.loads(molvae("score", "--list", "--json").stdout.splitlines()[0])["objective"] == "albuterol_similarity"


def test_wrong_use_and_unknown_names_are_told(molvae: Molvae) -> None:
    assert "name a file and an --objective" in molvae("score", code=2).stderr
    assert "did you mean 'qed'?" in molvae("score", "-", "--objective", "qde", input="C\n", code=1).stderr
    assert "0 of 1 rows scored" in molvae("score", "-", "--objective", "qed", input="C1C\n", code=1).stderr
