"""`molvae optimize` and `molvae benchmark pmo`: a folder, the best molecules on standard output, and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Molvae = Callable[..., Result]


def test_a_search_prints_its_best_molecules_and_fills_its_folder(molvae: Molvae, tmp_path: Path) -> None:
    start = tmp_path / "start.smi"
    start.write_text("CCO\nc1ccccc1O\nno molecule\n")
    arguments = ["optimize", "--objective", "qed", "--budget", "12", "--strategy", "graph-ga", "--start", start]
    result = molvae(*arguments, "--library", start, "-o", tmp_path / "run", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) == 10
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert len((tmp_path / "run" / "trace.csv").read_text().splitlines()) == 13
    refused = molvae(*arguments, "--library", start, "-o", tmp_path / "run", code=1)
    assert "--resume" in refused.stderr
    again = molvae(*arguments, "--library", start, "-o", tmp_path / "run", "--json", "--resume")
    assert again.stdout == result.stdout


def test_an_unknown_objective_is_refused_in_one_line(molvae: Molvae, tmp_path: Path) -> None:
    result = molvae("optimize", "--objective", "qde", "--strategy", "graph-ga", "-o", tmp_path / "run", code=1)
    assert "did you mean 'qed'" in result.stderr
    start = tmp_path / "start.smi"  # and the folder is free for a search that begins
    start.write_text("CCO\nCCN\n")
    library = ["--library", start, "--strategy", "random", "--budget", "2"]
    molvae("optimize", "--objective", "qed", *library, "-o", tmp_path / "run")


def test_an_unknown_task_is_refused(molvae: Molvae, tmp_path: Path) -> None:
    result = molvae("benchmark", "pmo", "--tasks", "qed,jnk3", "-o", tmp_path / "pmo", code=1)
    assert "no task 'jnk3'" in result.stderr


def test_molecules_are_asked_for_and_told_on_files(molvae: Molvae, tmp_path: Path) -> None:
    folder, start = tmp_path / "assay", tmp_path / "start.smi"
    start.write_text("CCO\nc1ccccc1O\nCCN\n")
    settings = ["--strategy", "graph-ga", "--start", start, "--library", start]
    molvae("optimize", "ask", folder, "-n", "3", *settings, "-o", tmp_path / "first.csv")
    assert (tmp_path / "first.csv").read_text() == "id,smiles,score\np0001,CCO,\np0002,Oc1ccccc1,\np0003,CCN,\n"
    (tmp_path / "told.csv").write_text("id,smiles,pIC50\np0001,CCO,5.5\np0002,Oc1ccccc1,\np0003,CCN,failed\n")
    refused = molvae("optimize", "tell", folder, tmp_path / "told.csv", code=1)
    assert "no column 'score'" in refused.stderr
    assert "--column" in refused.stderr
    told = molvae("optimize", "tell", folder, tmp_path / "told.csv", "--column", "pIC50", "--json")
    assert json.loads(told.stdout) == {
        "recorded": 1, "failed": 1, "told_before": 0, "not_measured": 1, "refused": 0, "pending": 1, "best": 5.5,
        "smiles": "CCO",
    }  # fmt: skip
    pending = molvae("optimize", "ask", folder, "--pending", "--json")
    assert json.loads(pending.stdout)["id"] == "p0002"
    assert "began with seed 0" in molvae("optimize", "ask", folder, "--seed", "1", code=2).stderr
    assert "must stand behind ask" in molvae("optimize", "--seed", "1", "ask", folder, code=2).stderr
    (tmp_path / "told.csv").write_text("id,smiles,score\np0002,Oc1ccccc1,high\n")
    assert (
        "line 2: 'score' must be a number" in molvae("optimize", "tell", folder, tmp_path / "told.csv", code=1).stderr
    )
