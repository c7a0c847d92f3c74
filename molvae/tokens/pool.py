"""Worker processes of this machine, each served by a thread that hands it a chunk and waits for the answer.

A process that dies costs its own chunk and nothing else, and this process holds no lock while it waits, so a Ctrl-C may
come at any moment. Executors, loky's and the standard library's, break as a whole when a worker dies, also of a Ctrl-C
while it starts, and wait for ever for one that is killed while it answers.
"""

from __future__ import annotations

import functools
import itertools
import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

import joblib

from molvae.tokens.worker import Worker

_CHUNKS_AHEAD = 4  # per worker: sent and not yet asked for, which bounds the memory
_HOPELESS = 32  # deaths in a row; a chunk of 512 with a deadly row costs eleven

Row = TypeVar("Row")
Result = TypeVar("Result")
Packed = TypeVar("Packed")


class Work(Protocol[Row, Packed, Result]):
    """What is done to a chunk of rows; one result for each row, the same wherever it runs."""

    def run(self, rows: list[Row]) -> list[Result]:
        """Return the results of a chunk, in order."""

    def pack(self, results: list[Result]) -> Packed:
        """Return the results in a form that is cheap to send to another process."""

    def unpack(self, packed: Packed) -> list[Result]:
        """Return the results that `pack` took."""

    def lost(self) -> Result:
        """Return the result of a row on which the process died."""


def over_processes(
    work: Work[Row, Packed, Result], chunks: Iterator[list[Row]], workers: int
) -> Iterator[list[Result]]:
    """Yield the results of the chunks' rows, in order; a row on which a process dies is lost, the others are not.

    Whoever stops early leaves the workers with the chunks that they have begun. A Ctrl-C ends them at once.

    Raises:
        BrokenProcessPool: worker processes cannot begin, or die whatever they are given.
    """
    pool = _pool(os.getpid(), workers)
    sent: deque[_Task[Row]] = deque()
    deaths = 0  # since the last answer
    try:
        while True:
            for rows in itertools.islice(chunks, max(0, _CHUNKS_AHEAD * workers - len(sent))):
                sent.append(pool.send(work, rows))
            if not sent:
                return
            answer = sent[0].answer.get()
            task = sent.popleft()
            deaths = deaths + 1 if answer is None else 0
            if isinstance(answer, Exception):
                raise answer
            if deaths > _HOPELESS:
                raise BrokenProcessPool(f"{deaths} worker processes died one after the other, killed or out of memory")
            if answer:
                yield work.unpack(ForkingPickler.loads(answer))
            elif answer is not None:  # it failed there: here its error is raised with all that belongs to it
                yield work.run(task.rows)
            elif middle := len(task.rows) // 2:
                sent.extendleft(pool.send(work, half) for half in (task.rows[middle:], task.rows[:middle]))
            elif task.again:
                yield [work.lost()]
            else:  # it may have been killed from outside
                sent.appendleft(pool.send(work, task.rows, again=True))
    except BaseException as err:
        for task in sent:
            task.wanted = False
        if isinstance(err, KeyboardInterrupt | SystemExit):
            pool.kill()
        raise


@dataclass(eq=False, slots=True)
class _Task(Generic[Row]):
    """A chunk on its way through a pool."""

    rows: list[Row]
    again: bool
    message: bytes = b""
    wanted: bool = True
    # Packed results; empty where they cannot be had from there; None where the process died; or why there is none.
    answer: SimpleQueue[bytes | Exception | None] = field(default_factory=SimpleQueue)


class _Pool:
    """Worker processes that start with the first chunks and stay for the next call."""

    def __init__(self, workers: int) -> None:
        self._tasks: SimpleQueue[_Task[Any] | None] = SimpleQueue()
        self._workers = [Worker() for _ in range(workers)]
        for worker in self._workers:
            threading.Thread(target=_serve, args=(worker, self._tasks), name="molvae-worker", daemon=True).start()
        weakref.finalize(self, _close, self._workers, self._tasks, os.getpid())  # also when Python exits

    def send(self, work: Work[Row, Packed, Result], rows: list[Row], *, again: bool = False) -> _Task[Row]:
        """Queue a chunk."""
        task = _Task(rows, again)
        try:  # wrapped, since work may come from a notebook or a script, which no other process can import
            task.message = bytes(ForkingPickler.dumps((joblib.wrap_non_picklable_objects(work, False), rows)))
        except Exception:  # noqa: BLE001 - whatever cannot travel is worked on in this process
            task.answer.put(b"")
        else:
            self._tasks.put(task)
        return task

    def kill(self) -> None:
        """End the processes; others start with the next chunks."""
        for worker in self._workers:
            worker.kill()


@functools.lru_cache(maxsize=1)  # a pool of another size takes the place of this one
def _pool(_process: int, workers: int) -> _Pool:
    # Keyed by the process, since a forked child inherits the pool but not its threads.
    return _Pool(workers)


def _close(workers: list[Worker], tasks: SimpleQueue[_Task[Any] | None], owner: int) -> None:
    if os.getpid() == owner:  # and not a child that was forked
        for worker in workers:
            tasks.put(None)
            worker.kill()


def _serve(worker: Worker, tasks: SimpleQueue[_Task[Any] | None]) -> None:
    """Have the worker answer one task after the other; runs in a thread."""
    while (task := tasks.get()) is not None:
        if not task.wanted:
            continue
        answer: bytes | Exception | None = None
        try:
            answer = worker.ask(task.message)
        except EOFError:
            worker.end()
        except Exception as err:  # noqa: BLE001 - raised where the answer is awaited
            answer = err
            worker.end()
        finally:  # whatever happens here, somebody waits
            task.answer.put(answer)
    worker.end()
