"""Chunks of work over processes, in order: what bulk tokenizing and decoding share.

The processes are those of this machine, or what the caller has configured with `joblib.parallel_config`: with
`backend="dask"` the same work runs on a cluster.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TypeVar

import joblib

from molvae.settings import require
from molvae.tokens.pool import Work, over_processes

CHUNK_SIZE = 256  # molecules, about 0.1 s of work: long against the cost of a task, short against the wait at the end
_CHUNKS_AT_ONCE = 16  # per worker of a cluster, which bounds the memory; many beside the last, for which all wait

Row = TypeVar("Row")
Result = TypeVar("Result")
Packed = TypeVar("Packed")


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
    here = runs_locally()
    workers = joblib.effective_n_jobs(workers)  # of a cluster all; one in a process that may not have children
    if len(first) < 2 or (here and workers == 1):
        for chunk in chunks:
            yield from work.run(chunk)
    else:
        for results in (over_processes if here else _over_joblib)(work, chunks, workers):
            yield from results


def _chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(itertools.islice(rows, size)):
        yield chunk


def runs_locally() -> bool:
    """Tell whether joblib would use processes of this machine, and not a cluster that the caller has configured."""
    backend, _jobs = joblib.parallel.get_active_backend()
    return isinstance(backend, joblib.parallel.BACKENDS[joblib.parallel.DEFAULT_BACKEND])


def _over_joblib(work: Work[Row, Packed, Result], chunks: Iterator[list[Row]], workers: int) -> Iterator[list[Result]]:
    # Whole windows, one after the other: not every backend can return results one by one, or serve two calls at a time.
    for window in _chunks(chunks, _CHUNKS_AT_ONCE * workers):
        tasks = (joblib.delayed(_run)(work, rows) for rows in window)
        yield from map(work.unpack, joblib.Parallel(n_jobs=workers, batch_size=1)(tasks))


def _run(work: Work[Row, Packed, Result], rows: list[Row]) -> Packed:
    return work.pack(work.run(rows))
