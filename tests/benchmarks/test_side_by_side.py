"""Jobs side by side: all are answered, and none goes on once the process that asked for them is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from molvae.benchmarks.side_by_side import side_by_side

# A module, so that a spawned process can import the function.
SLEEPER = """
import os, sys, time
from pathlib import Path
from molvae.benchmarks.side_by_side import side_by_side

def sleep(name):
    Path(name).write_text(str(os.getpid()))
    time.sleep(120)

if __name__ == "__main__":
    list(side_by_side(sleep, ["first", "second"], 2))
"""


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(holds: object, seconds: float = 60) -> None:
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_answered(workers: int) -> None:
    assert sorted(side_by_side(abs, [-3, 2, -1], workers)) == [1, 2, 3]


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_the_one_that_started_them(tmp_path: Path, sent: signal.Signals) -> None:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    parent = subprocess.Popen([sys.executable, "sleeper.py"], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    files = [tmp_path / "first", tmp_path / "second"]
    try:
        until(lambda: all(file.exists() and file.read_text() for file in files))
        children = [int(file.read_text()) for file in files]
        assert all(map(is_alive, children))
    finally:
        parent.send_signal(sent)
        parent.wait()
    until(lambda: not any(map(is_alive, children)))
