"""kill -9 in the middle of a search, and resume: the same molecules as without, and no call repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import molvae
from molvae.errors import ConfigError
from molvae.optimize import read_journal

SLOW = """
import time
def score(smiles):
    for text in smiles:
        with open("called.txt", "a") as stream:
            stream.write(text + chr(10))
        time.sleep(0.02)
    return [sum(map(ord, text)) % 97 for text in smiles]
"""
BUDGET = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "start.smi").write_text("CCO\nc1ccccc1O\nCC(=O)Nc1ccc(O)cc1\n")
    return tmp_path


def start(folder: Path, output: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "molvae.cli", "optimize", "--objective", "slow:score",
               "--budget", str(BUDGET), "--strategy", "graph-ga", "--start", "start.smi", "--library", "start.smi",
               "-o", output, *options]  # fmt: skip
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    try:
        _, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 0, errors


def test_a_killed_search_ends_as_one_that_was_not(folder: Path) -> None:
    finish(start(folder, "whole"))
    called = folder / "called.txt"
    called.unlink()
    for calls in (8, 33):
        process = start(folder, "killed", "--resume")
        journal = folder / "killed" / "journal.sqlite"
        deadline = time.monotonic() + 200
        while not journal.exists() or len(read_journal(journal)) < calls:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    finish(start(folder, "killed", "--resume"))
    calls_of = {
        name: [(call.number, call.smiles, call.score, call.arm, call.parents) for call in
               read_journal(folder / name / "journal.sqlite")]
        for name in ("whole", "killed")
    }  # fmt: skip
    assert len(calls_of["whole"]) == BUDGET
    assert calls_of["killed"] == calls_of["whole"]
    for name in ("trace.csv", "best.csv", "best.smi"):
        assert (folder / "killed" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    times = Counter(called.read_text().split())
    assert sum(times.values()) - BUDGET <= 2 * 64  # only what was under way at a kill, one chunk each
    before = called.read_text()
    finish(start(folder, "killed", "--resume"))  # nothing is left to do
    assert called.read_text() == before


def test_a_folder_is_gone_on_with_only_as_it_began(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"strategy": "random", "library": ["CCO", "CCN", "CCC"], "folder": tmp_path / "run"}
    molvae.optimize("qed", budget=2, **settings)
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        "settings.json", "journal.sqlite", "trace.csv", "best.smi", "best.csv", "best.sdf", "best.png", "progress.png"
    }  # fmt: skip
    with pytest.raises(ConfigError, match="holds a search"):
        molvae.optimize("qed", budget=2, **settings)
    with pytest.raises(ConfigError, match="budget 2, here it is 1"):
        molvae.optimize("qed", budget=1, resume=True, **settings)
    with pytest.raises(ConfigError, match="seed 0, here it is 1"):
        molvae.optimize("qed", budget=3, resume=True, seed=1, **settings)
    assert len(molvae.optimize("qed", budget=2, resume=True, **settings).rows) == 2
    for text in ("{}", "[1]", "{", '{"budgets": ["2"]}'):
        (tmp_path / "run" / "settings.json").write_text(text)
        with pytest.raises(ConfigError, match=r"settings\.json"):
            molvae.optimize("qed", budget=2, resume=True, **settings)


def made(folder: Path, budget: int, library: list[str]) -> list[tuple[str | None, float, str, int]]:
    """Go on with the search in the folder, or begin it."""
    result = molvae.optimize("qed", strategy="graph-ga", library=library, start=library[:5], budget=budget, batch=10,
                             folder=folder, resume=True)  # fmt: skip
    return [(row.smiles, row.score, row.arm, row.call) for row in result.rows]


def test_a_search_whose_budget_grows_ends_as_one_that_had_it_from_the_beginning(
    tmp_path: Path, wehi_smiles: list[str]
) -> None:
    library = wehi_smiles[:60]
    whole = made(tmp_path / "whole", 40, library)
    first = made(tmp_path / "grown", 20, library)
    assert first == whole[:20]
    assert made(tmp_path / "grown", 40, library) == whole


def test_a_budget_that_cut_a_batch_short_is_gone_on_with_too(
    tmp_path: Path, wehi_smiles: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    library = wehi_smiles[:60]
    first = made(tmp_path, 25, library)
    grown = made(tmp_path, 38, library)
    assert grown[:25] == first
    assert len({smiles for smiles, *_ in grown}) == 38
    assert made(tmp_path, 45, library)[:38] == grown
    assert not caplog.messages  # all of it was repeated, none skipped
