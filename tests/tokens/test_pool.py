"""The pool of worker processes: whatever becomes of a process, each row has its result, in order."""

from __future__ import annotations

import functools
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from molvae.tokens import pool
from molvae.tokens.pool import over_processes


@dataclass(frozen=True)
class Squaring:
    """Work that does what a test asks for on the way."""

    deadly: tuple[int, ...] = ()  # rows that kill the process
    wrong: tuple[int, ...] = ()  # rows that raise
    seconds: float = 0.0
    log: str = ""  # a file that gets a line with the number of the process for each chunk
    padding: int = 0  # bytes that travel back beside each chunk

    def run(self, rows: list[int]) -> list[int]:
        if self.log:
            with open(self.log, "a", encoding="utf-8") as stream:
                stream.write(f"{os.getpid()}\n")
        time.sleep(self.seconds)
        if set(rows) & set(self.deadly):
            os.kill(os.getpid(), signal.SIGKILL)
        if set(rows) & set(self.wrong):
            raise OddError(lambda: "an attribute that cannot travel")
        return [row * row for row in rows]

    def pack(self, results: list[int]) -> tuple[list[int], bytes]:
        return results, bytes(self.padding)

    def unpack(self, packed: tuple[list[int], bytes]) -> list[int]:
        assert len(packed[1]) == self.padding
        return packed[0]

    def lost(self) -> int:
        return -1


class OddError(Exception):
    """An error that cannot be sent between processes."""


@dataclass(frozen=True)
class Calling:
    """Work on rows that cannot be sent between processes."""

    def run(self, rows: list[Callable[[], int]]) -> list[int]:
        return [row() for row in rows]

    def pack(self, results: list[int]) -> list[int]:
        return results

    def unpack(self, packed: list[int]) -> list[int]:
        return packed

    def lost(self) -> int:
        return -1


def in_its_own_process(test: Callable[[], None]) -> Callable[[], None]:
    """Run a test in a fresh interpreter, in which this file is a module that workers can import."""

    @functools.wraps(test)
    def run() -> None:
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        code += f"import test_pool; test_pool.{test.__name__}.__wrapped__()"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

    return run


def chunks_of(size: int, rows: int) -> Iterator[list[int]]:
    return (list(range(start, min(start + size, rows))) for start in range(0, rows, size))


def squares(work: Squaring, *, rows: int = 40, size: int = 4, workers: int = 2) -> list[int]:
    return list(itertools.chain.from_iterable(over_processes(work, chunks_of(size, rows), workers)))


def workers_of(log: Path) -> set[int]:
    return set(map(int, log.read_text(encoding="utf-8").split()))


@in_its_own_process
def test_a_process_that_dies_costs_the_row_on_which_it_died() -> None:
    expected = [-1 if row in (5, 6, 32) else row * row for row in range(33)]
    assert squares(Squaring(deadly=(5, 6, 32)), rows=33) == expected  # 32 is alone in its chunk


@in_its_own_process
def test_processes_killed_at_any_moment_cost_nothing() -> None:
    generator, found = random.Random(0), []
    # Most of the time they are writing a result that the pipe does not hold.
    for number, part in enumerate(over_processes(Squaring(padding=3_000_000), chunks_of(4, 400), 2)):
        found += part
        if number % 25 == 24:
            time.sleep(generator.uniform(0, 0.05))
            pool._pool(os.getpid(), 2).kill()
    assert found == [row * row for row in range(400)]


@in_its_own_process
def test_processes_that_die_of_everything_are_an_error() -> None:
    pool._HOPELESS = 3
    with pytest.raises(BrokenProcessPool, match="4 worker processes died one after the other"):
        squares(Squaring(deadly=tuple(range(40))))
    assert squares(Squaring()) == [row * row for row in range(40)]


@in_its_own_process
def test_an_error_of_the_work_arrives_as_it_is() -> None:
    results = over_processes(Squaring(wrong=(9,)), chunks_of(4, 40), 2)
    assert [*next(results), *next(results)] == [0, 1, 4, 9, 16, 25, 36, 49]
    with pytest.raises(OddError) as caught:
        next(results)
    assert caught.value.args[0]() == "an attribute that cannot travel"


def test_rows_that_cannot_travel_are_worked_on_here() -> None:
    chunks = [[lambda: 1, lambda: 2], [lambda: 3]]
    assert list(over_processes(Calling(), iter(chunks), 2)) == [[1, 2], [3]]


@in_its_own_process
def test_processes_stay_for_the_next_call_whatever_became_of_the_last() -> None:
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        work = Squaring(log=str(log), seconds=0.05)
        squares(work)
        first = workers_of(log)
        assert len(first) == 2
        assert os.getpid() not in first
        next(over_processes(work, chunks_of(4, 40), 2))  # and no more
        with pytest.raises(OddError):
            squares(Squaring(wrong=(0,)))
        squares(work)
        assert workers_of(log) == first
        for worker in first:  # while they have nothing to do
            os.kill(worker, signal.SIGKILL)
        assert squares(work) == [row * row for row in range(40)]
        assert len(workers_of(log)) == 4


@in_its_own_process
def test_who_stops_early_leaves_what_has_begun() -> None:
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        results = over_processes(Squaring(log=str(log), seconds=0.2), chunks_of(1, 1_000), 2)
        next(results)
        results.close()  # type: ignore[attr-defined]
        begun = len(log.read_text(encoding="utf-8").split())
        time.sleep(1)
        assert len(log.read_text(encoding="utf-8").split()) <= begun + 1  # one may have begun, unwritten


@in_its_own_process
def test_threads_share_the_processes() -> None:
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(squares(Squaring()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[row * row for row in range(40)]] * 3


@in_its_own_process
def test_a_forked_child_has_processes_of_its_own() -> None:
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        squares(Squaring(log=str(log)))
        mine = workers_of(log)
        log.unlink()
        child = os.fork()
        if child == 0:
            os._exit(0 if squares(Squaring(log=str(log))) == [row * row for row in range(40)] else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert not mine & workers_of(log)
        squares(Squaring(log=str(log)))
        assert mine & workers_of(log)
