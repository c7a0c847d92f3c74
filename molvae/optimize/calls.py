"""Calls of a function that may be slow, raise, hang or kill its process: in chunks, here or in processes.

A chunk that goes wrong is done again molecule by molecule, so that only the one at fault fails.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import NamedTuple

from molvae.errors import ObjectiveError
from molvae.optimize.answers import Scorer, Values
from molvae.optimize.processes import CallProcess, Reply, reply_to
from molvae.settings import require
from molvae.tokens.processes import resolve_workers

_QUICK, _SLOW = 0.02, 1.0  # seconds, see `ChunkSize`
_LARGEST_CHUNK = 1_024
_PAYS = 1.5  # doubling a chunk pays if more than this many times as many molecules are done in a second


class Outcome(NamedTuple):
    """What became of one molecule."""

    row: int
    values: Values | None  # None where it failed
    reason: str  # why it failed
    seconds: float  # its share of the time that its chunk took, the last attempt only
    attempts: int


@dataclass(frozen=True)
class CallSettings:
    """How a function is called."""

    workers: int | None = 1  # processes; 1 without a time-out calls it in this one, None takes one for each core
    timeout: float | None = None  # seconds for a chunk; what takes longer fails, and its process is killed
    retries: int = 0  # further attempts at a molecule that raised, took too long or killed its process
    chunk_size: int | None = None  # molecules in one call; None finds out what pays, see `ChunkSize`

    def __post_init__(self) -> None:
        require(self.workers is None or self.workers >= 1, "workers", "at least 1", self.workers)
        require(self.timeout is None or self.timeout > 0, "timeout", "greater than 0 seconds", self.timeout)
        require(self.retries >= 0, "retries", "at least 0", self.retries)
        require(self.chunk_size is None or self.chunk_size >= 1, "chunk_size", "at least 1", self.chunk_size)


@dataclass(frozen=True)
class _Chunk:
    rows: tuple[int, ...]
    failures: int = 0


class Caller:
    """Calls one function with many molecules; the processes, if any, live until `close`."""

    def __init__(self, target: object, scorer: Scorer, name: str, settings: CallSettings) -> None:
        """Take the function as the user gave it, for other processes, and as it is called in this one."""
        self._scorer = scorer
        self._name = name
        self._settings = settings
        self._chunk = ChunkSize(settings.chunk_size)
        count = resolve_workers(settings.workers)
        inside = count == 1 and settings.timeout is None
        self._processes = [] if inside else [CallProcess(target, name) for _ in range(count)]

    def __call__(self, smiles: Sequence[str]) -> Iterator[list[Outcome]]:
        """Yield the outcomes of each chunk as soon as they are known; in order if there is one process.

        Raises:
            ObjectiveError: the function does not return what it must.
        """
        work = _Work(smiles, self._settings.retries)
        yield from self._outside(work) if self._processes else self._inside(work)

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.stop()

    def _inside(self, work: _Work) -> Iterator[list[Outcome]]:
        while (chunk := work.next_chunk(self._chunk.size)) is not None:
            start = time.monotonic()
            reply = reply_to(self._scorer, work.smiles_of(chunk), self._name)
            yield self._settle(work, chunk, reply, time.monotonic() - start)

    def _outside(self, work: _Work) -> Iterator[list[Outcome]]:
        timeout = self._settings.timeout
        for process in self._processes[: work.left]:
            process.start()
        running: dict[Future[Reply], tuple[CallProcess, _Chunk, float]] = {}
        try:
            while True:
                busy = {process for process, _, _ in running.values()}
                for process in self._processes:
                    size = min(
                        self._chunk.size, -(-work.left // len(self._processes))
                    )  # the last chunks are shared out
                    if process not in busy and (chunk := work.next_chunk(size)) is not None:
                        future = process.submit(work.smiles_of(chunk))
                        running[future] = (process, chunk, time.monotonic())  # after it has loaded the function
                if not running:
                    return
                oldest = min(start for _, _, start in running.values())
                patience = None if timeout is None else max(oldest + timeout - time.monotonic(), 0)
                wait(running, timeout=patience, return_when=FIRST_COMPLETED)
                for future, (process, chunk, start) in list(running.items()):
                    seconds = time.monotonic() - start
                    if future.done():
                        reply = _reply_of(future, process)
                    elif timeout is not None and seconds >= timeout:
                        process.stop()
                        reply = Reply(None, f"no answer within {timeout:g} s")
                    else:
                        continue
                    del running[future]
                    yield self._settle(work, chunk, reply, seconds)
        finally:
            for process, _, _ in running.values():  # the caller has seen enough, or was interrupted
                process.stop()

    def _settle(self, work: _Work, chunk: _Chunk, reply: Reply, seconds: float) -> list[Outcome]:
        if reply.breach:
            raise ObjectiveError(reply.breach)
        if reply.values is None:
            return work.failed(chunk, reply.error, seconds)
        self._chunk.learn(len(chunk.rows), seconds)
        return [
            Outcome(row, values, "" if values is not None else "the objective returned None",
                    seconds / len(chunk.rows), chunk.failures + 1)
            for row, values in zip(chunk.rows, reply.values, strict=True)
        ]  # fmt: skip


def _reply_of(future: Future[Reply], process: CallProcess) -> Reply:
    try:
        return future.result()
    except BrokenProcessPool:
        process.stop()
        return Reply(None, "the process that computed it died, out of memory or inside a library")


class ChunkSize:
    """How many molecules to hand over at once, where the user does not say.

    A chunk is what a kill can cost, so it stays small: it grows while a call is quick, or while twice the molecules
    take hardly longer, as they do for a function that computes them side by side.
    """

    def __init__(self, fixed: int | None) -> None:
        self.size = fixed or 1
        self._fixed = fixed is not None
        self._trying = True  # whether larger chunks may still pay
        self._rate = 0.0  # molecules per second with half the size

    def learn(self, count: int, seconds: float) -> None:
        """Take note of how long a chunk took."""
        if self._fixed or count != self.size:
            return
        rate = count / max(seconds, 1e-9)
        pays = rate > _PAYS * self._rate
        if seconds < _QUICK or (self._trying and pays and seconds < _SLOW):
            self.size, self._rate = min(2 * count, _LARGEST_CHUNK), rate
        elif seconds > _SLOW or (self._trying and not pays):
            self.size, self._trying = max(count // 2, 1), False


class _Work:
    """What is still to do: failed chunks again, then the molecules not yet called."""

    def __init__(self, smiles: Sequence[str], retries: int) -> None:
        self._smiles = smiles
        self._retries = retries
        self._next = 0
        self._again: deque[_Chunk] = deque()

    @property
    def left(self) -> int:
        return len(self._again) + len(self._smiles) - self._next

    def smiles_of(self, chunk: _Chunk) -> list[str]:
        return [self._smiles[row] for row in chunk.rows]

    def next_chunk(self, size: int) -> _Chunk | None:
        if self._again:
            return self._again.popleft()
        rows = tuple(range(self._next, min(self._next + size, len(self._smiles))))
        self._next += len(rows)
        return _Chunk(rows) if rows else None

    def failed(self, chunk: _Chunk, error: str, seconds: float) -> list[Outcome]:
        """Put a failed chunk back as single molecules, or return the outcome of one that failed too often."""
        if len(chunk.rows) > 1:
            self._again.extend(_Chunk((row,)) for row in chunk.rows)
            return []
        if chunk.failures < self._retries:
            self._again.append(_Chunk(chunk.rows, chunk.failures + 1))
            return []
        return [Outcome(chunk.rows[0], None, error, seconds, chunk.failures + 1)]
