"""Row-wise work over threads, each of which runs torch single-threaded.

Two torch threads share every small product and meet at a barrier after each; on a machine that does anything else,
one late thread makes the other spin, up to a hundred times slower. Threads that own their rows meet once, at the end.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from molvae.settings import require

T = TypeVar("T")
R = TypeVar("R")


def resolve_threads(threads: int | None) -> int:
    """Return the number of threads: `threads`, or for None the processors that this process may use."""
    if threads is None:
        usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        return len(usable)
    require(threads >= 1, "threads", "at least 1", threads)
    return threads


def map_threads(function: Callable[[T], R], parts: Iterable[T], *, threads: int) -> list[R]:
    """Return `[function(part) for part in parts]`, computed by `threads` threads, in the order of `parts`.

    The first error is raised once the parts under way have ended; parts not begun are dropped.
    """
    parts = list(parts)
    with single_threaded_torch():
        if threads == 1 or len(parts) <= 1:
            return [function(part) for part in parts]
        futures = [_pool(threads, os.getpid()).submit(function, part) for part in parts]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


@contextlib.contextmanager
def single_threaded_torch() -> Iterator[None]:
    """Run torch's own kernels on one thread, and restore the caller's number afterwards."""
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@functools.cache
def _pool(threads: int, _process: int) -> ThreadPoolExecutor:
    # Keyed by the process, since a forked child inherits the executor but not its threads.
    return ThreadPoolExecutor(threads, "molvae", initializer=torch.set_num_threads, initargs=(1,))
