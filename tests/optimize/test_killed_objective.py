"""kill -9 in the middle of a search, again and again: no recorded call is lost or repeated, and the end is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from molvae.optimize.journal import Call, read_journal

BUDGET = 40

# A search that goes where its scores lead it: the next batch depends on the best molecules so far.
SEARCH = """
import json, sys
from molvae.optimize import Objective

_, folder, journal, budget, settings, replay = sys.argv
settings = json.loads(settings) | {"budget": int(budget), "replay": bool(int(replay))}
with Objective("slow:score", journal=journal, **settings) as objective:
    best = []
    for size in range(1, 100):
        batch = ["C" * size] + [start + text for text in best for start in ("C", "N", "CO")]
        objective.evaluate(batch, arm=f"round {size}", parents=[best] * len(batch))
        best = [row.smiles for row in objective.best(3)]
print(json.dumps([[row.call, row.smiles, row.score, row.arm] for row in objective.rows]))
"""

SLOW = """
import os, time
def score(smiles):
    for text in smiles:
        with open("called.txt", "a") as stream:
            stream.write(text + chr(10))
        time.sleep(0.02)
    return [sum(map(ord, text)) % 97 for text in smiles]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(SLOW)
    return tmp_path


def start(folder: Path, journal: str, settings: dict[str, object], *, replay: bool) -> subprocess.Popen[str]:
    arguments = [str(folder), str(folder / journal), str(BUDGET), json.dumps(settings), str(int(replay))]
    command = [sys.executable, "-W", "error", "-c", SEARCH, *arguments]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def recorded(journal: Path) -> list[Call]:
    return read_journal(journal) if journal.exists() else []


def kill_after(process: subprocess.Popen[str], journal: Path, calls: int) -> None:
    """Kill the process once so many calls are recorded."""
    deadline = time.monotonic() + 120
    try:
        while len(recorded(journal)) < calls:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def result_of(process: subprocess.Popen[str]) -> list[list[object]]:
    try:
        output, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    rows: list[list[object]] = json.loads(output)
    return rows


@pytest.mark.parametrize("settings", [{"chunk_size": 1}, {"workers": 2, "chunk_size": 1}], ids=str)
def test_a_killed_search_goes_on_without_repeating_a_call(folder: Path, settings: dict[str, object]) -> None:
    called = folder / "called.txt"
    whole = result_of(start(folder, "whole.db", settings, replay=False))
    assert len(whole) == BUDGET
    assert set(Counter(called.read_text().split()).values()) == {1}
    called.unlink()

    journal = folder / "killed.db"
    known: set[str] = set()
    under_way = 0  # calls whose result no journal can know: one for each process and kill
    for calls in (4, 15, 27):
        kill_after(start(folder, "killed.db", settings, replay=True), journal, calls)
        now = {call.smiles for call in recorded(journal)}
        assert known <= now
        assert len(now) >= calls
        known = now
        under_way += int(str(settings.get("workers", 1)))
    result = result_of(start(folder, "killed.db", settings, replay=True))
    assert result == whole
    times = Counter(called.read_text().split())
    assert set(times) == {row[1] for row in whole}
    assert sum(times.values()) - BUDGET <= under_way


def test_a_killed_search_counts_what_it_had_spent(folder: Path) -> None:
    kill_after(start(folder, "j.db", {"chunk_size": 1}, replay=False), folder / "j.db", 10)
    before = recorded(folder / "j.db")
    (folder / "called.txt").unlink()
    rows = result_of(start(folder, "j.db", {"chunk_size": 1}, replay=False))
    assert len(rows) == BUDGET
    again = (folder / "called.txt").read_text().split()
    assert len(again) == BUDGET - len(before)
    assert {call.smiles for call in before}.isdisjoint(again)
    assert [call.smiles for call in recorded(folder / "j.db")][: len(before)] == [call.smiles for call in before]
