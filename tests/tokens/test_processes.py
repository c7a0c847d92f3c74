"""Bulk work as a program runs it: Ctrl-C ends it at any moment, and a parent that is gone leaves no workers behind."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import joblib
import pytest

from molvae.tokens.processes import in_order, resolve_workers

PARENT = """
import itertools, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has a program in the background ignore it
from molvae.tokens.bulk import tokenize_many
print("begins", flush=True)
for number, _ in enumerate(tokenize_many(itertools.repeat("CC(=O)Oc1ccccc1C(=O)O"), workers=2, chunk_size=64)):
    if number == 0:
        print("runs", flush=True)
"""


@dataclass(frozen=True)
class Numbering:
    """Work that tells in which process each row was done."""

    def run(self, rows: list[int]) -> list[tuple[int, int]]:
        return [(row, os.getpid()) for row in rows]

    def pack(self, results: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return results

    def unpack(self, packed: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return packed

    def lost(self) -> tuple[int, int]:
        raise AssertionError("no process dies here")


@dataclass
class Program:
    """A parent in a session of its own, as a terminal has it, and all processes that come of it."""

    process: subprocess.Popen[str]
    mark: bytes

    def wait_for(self, line: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{line}\n"

    def living(self) -> list[int]:
        members = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark in (entry / "environ").read_bytes():  # a zombie has none
                    members.append(int(entry.name))
            except OSError:
                continue
        return members

    def is_gone_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.living():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True


@pytest.fixture
def start() -> Iterator[Callable[[str], Program]]:
    """Start a program from its source; whatever is left of it at the end is killed."""
    if not Path("/proc").is_dir():
        pytest.skip("finds processes in /proc")
    programs: list[Program] = []

    def start(source: str) -> Program:
        mark = f"MOLVAE_TEST={uuid.uuid4()}"
        process = subprocess.Popen(
            [sys.executable, "-c", source],
            env=os.environ | dict([mark.split("=")]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        programs.append(Program(process, mark.encode()))
        return programs[-1]

    yield start
    for program in programs:
        for member in program.living():
            os.kill(member, signal.SIGKILL)
        program.process.communicate()


@pytest.mark.parametrize("moment", ["begins", 0.02, 0.05, 0.1, 0.5, "runs"])
def test_ctrl_c_ends_the_program_at_any_moment(start: Callable[[str], Program], moment: str | float) -> None:
    """A number is of seconds after the first worker was born, the time in which it starts and imports."""
    program = start(PARENT)
    program.wait_for("begins")
    if moment == "runs":
        program.wait_for("runs")
        assert len(program.living()) >= 3  # itself and two workers
    elif isinstance(moment, float):
        while len(program.living()) == 1:
            time.sleep(0.001)
        time.sleep(moment)
    os.killpg(program.process.pid, signal.SIGINT)  # what a terminal does
    _, error = program.process.communicate(timeout=20)
    assert program.process.returncode == -signal.SIGINT
    assert error.count("Traceback (most recent call last)") == 1
    assert error.endswith("KeyboardInterrupt\n")
    assert program.is_gone_within(10)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("line", ["begins", "runs"])
def test_a_killed_parent_leaves_no_workers(start: Callable[[str], Program], number: int, line: str) -> None:
    program = start(PARENT)
    program.wait_for("begins")
    if line == "runs":
        program.wait_for("runs")
    program.process.send_signal(number)
    program.process.communicate(timeout=20)
    assert program.is_gone_within(10)


def test_an_unguarded_script_with_work_of_its_own_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    source = inspect.getsource(Numbering).removeprefix("@dataclass(frozen=True)\n")
    script.write_text(
        f"import os\nfrom molvae.tokens.processes import in_order\n{source}\n"
        "results = list(in_order(Numbering(), range(40), workers=2, chunk_size=4))\n"
        "print([row for row, _ in results] == list(range(40)), os.getpid() in dict(results).values())\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("True False\n", "")


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_windows_of_other_backends_come_in_order(backend: str) -> None:
    with joblib.parallel_config(backend=backend):
        results = list(in_order(Numbering(), range(300), workers=2, chunk_size=2))
    assert results == [(row, os.getpid()) for row in range(300)]


def test_what_fits_one_chunk_stays_in_this_process() -> None:
    assert list(in_order(Numbering(), range(4), workers=2, chunk_size=4)) == [(row, os.getpid()) for row in range(4)]


def test_all_usable_cores_are_the_default() -> None:
    assert resolve_workers(None) == joblib.cpu_count()
