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
