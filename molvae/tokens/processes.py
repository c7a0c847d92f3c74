"""Chunks of work over processes, in order: what bulk tokenizing and decoding share.

Work goes through joblib, so `joblib.parallel_config(backend="dask")` runs it on a cluster.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import current_process
from types import FrameType
from typing import Generic, Protocol, TypeVar

import joblib

from molvae.settings import require

CHUNK_SIZE = 256  # molecules, about 0.1 s of work: long against the cost of a task, short against the wait at the end
_CHUNKS_AT_ONCE = 8  # per worker and window; two windows are in flight, which bounds the memory

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


def resolve_workers(workers: int | None) -> int:
    """Return a number of processes: the one asked for, or one for each usable core for `None`.

    Raises:
        ConfigError: less than one.

    >>> resolve_workers(3)
    3
    """
    if workers is None:
        return int(joblib.cpu_count())  # knows affinity masks and container limits
    require(workers >= 1, "workers", "at least 1", workers)
    return workers


def in_order(
    work: Work[Row, Packed, Result], rows: Iterable[Row], *, workers: int | None, chunk_size: int
) -> Iterator[Result]:
    """Return an iterator over the result of each row, in order; only some chunks of `rows` are read ahead.

    What fits one chunk is done in this process, and so is everything for one worker. A process that dies costs the
    row on which it died.

    Raises:
        ConfigError: less than one worker, or less than one row in a chunk.
    """
    count = resolve_workers(workers)
    require(chunk_size >= 1, "chunk_size", "at least 1", chunk_size)
    return _in_order(work, _chunks(rows, chunk_size), count)


def _in_order(work: Work[Row, Packed, Result], chunks: Iterator[list[Row]], workers: int) -> Iterator[Result]:
    first = list(itertools.islice(chunks, 2))
    chunks = itertools.chain(first, chunks)
    if len(first) < 2 or (workers == 1 and runs_locally()):
        for chunk in chunks:
            yield from work.run(chunk)
    else:
        for results in _over_processes(work, chunks, workers):
            yield from results


def _chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(itertools.islice(rows, size)):
        yield chunk


def runs_locally() -> bool:
    """Tell whether joblib would use processes of this machine, and not a cluster that the caller has configured."""
    backend, _jobs = joblib.parallel.get_active_backend()
    return isinstance(backend, joblib.parallel.BACKENDS[joblib.parallel.DEFAULT_BACKEND])


def _over_processes(
    work: Work[Row, Packed, Result], chunks: Iterator[list[Row]], workers: int
) -> Iterator[list[Result]]:
    flights: deque[_Flight[Row, Packed, Result]] = deque()
    try:
        for window in _chunks(chunks, _CHUNKS_AT_ONCE * workers):
            flights.append(_Flight(work, window, workers))
            if len(flights) == 2:  # the second keeps the workers busy while the caller uses the results of the first
                yield from _land(flights)
        while flights:
            yield from _land(flights)
    except (GeneratorExit, KeyboardInterrupt):  # the caller has seen enough
        for flight in flights:
            flight.finish()
        raise
    except BaseException:  # a failure that is not one row's
        for flight in flights:
            flight.abort()
        raise


def _land(flights: deque[_Flight[Row, Packed, Result]]) -> Iterator[list[Result]]:
    flight = flights[0]
    try:
        yield from flight
    except BrokenProcessPool:
        for other in flights:
            other.abort()
        rows = [row for chunk in flight.chunks[flight.landed :] for row in chunk]
        yield _salvage(flight.work, rows, flight.workers)
        for other in itertools.islice(flights, 1, None):
            other.start()
    flights.popleft()


def _salvage(work: Work[Row, Packed, Result], rows: list[Row], workers: int) -> list[Result]:
    """Return the results of rows one of which may have killed its process, found by halving."""
    flight = _Flight(work, list(_chunks(rows, CHUNK_SIZE)), workers)
    try:
        return [result for results in flight for result in results]
    except BrokenProcessPool:
        flight.abort()
    if len(rows) == 1:
        return [work.lost()]
    middle = len(rows) // 2
    return _salvage(work, rows[:middle], workers) + _salvage(work, rows[middle:], workers)


class _Flight(Generic[Row, Packed, Result]):
    """A window of chunks on its way through the processes; iterating yields the results of each chunk, in order."""

    def __init__(self, work: Work[Row, Packed, Result], chunks: list[list[Row]], workers: int) -> None:
        self.work = work
        self.chunks = chunks
        self.workers = workers
        self.landed = 0  # chunks whose results were handed on
        self.start()

    def start(self) -> None:
        """Send the chunks off."""
        self._stopped = False
        # No more tasks at once than loky holds ready for its workers: its manager thread stumbles over what waits
        # beyond that when the pool is emptied, with a traceback on the terminal.
        parallel = joblib.Parallel(n_jobs=self.workers, return_as="generator", batch_size=1, pre_dispatch="n_jobs")
        self._packed = parallel(self._tasks(os.getpid()))

    def _tasks(self, parent: int) -> Iterator[object]:
        for chunk in self.chunks:
            if self._stopped:
                return
            yield joblib.delayed(_run_in_worker)(self.work, chunk, parent)

    def __iter__(self) -> Iterator[list[Result]]:
        while self.landed < len(self.chunks):
            with _interrupt_deferred():
                packed = next(self._packed)
            results = self.work.unpack(packed)
            self.landed += 1
            yield results

    def finish(self) -> None:
        """Send nothing more and wait for the few chunks under way; the processes stay for the next call."""
        self._stopped = True
        for _ in self._packed:
            pass

    def abort(self) -> None:
        """Stop what is under way at once, with the processes."""
        self._stopped = True
        with warnings.catch_warnings():  # joblib warns of results that nobody collected, which is the point here
            warnings.simplefilter("ignore")
            self._packed.close()


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Let a Ctrl-C wait until the block ends, so that it meets no pool between two states; a second one does not wait.

    Inside the block joblib waits for one chunk, a tenth of a second.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    received: list[FrameType | None] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(frame)
        if len(received) > 1:
            before(number, frame)

    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if len(received) == 1:
        before(signal.SIGINT, received[0])


def _run_in_worker(work: Work[Row, Packed, Result], rows: list[Row], parent: int) -> Packed:
    settle_worker(parent)
    return work.pack(work.run(rows))


@functools.cache
def settle_worker(parent: int) -> None:
    """Make this worker process leave a Ctrl-C to its parent and end when the parent is gone, killed or not."""
    if not current_process().name.startswith("Loky"):
        return  # a thread, this very process, or a cluster's worker, which has a nurse of its own
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)  # sys.exit would end this thread only
