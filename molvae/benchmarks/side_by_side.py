"""Long jobs side by side, each in a process of its own that does not outlive the one that started it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from typing import TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")


def side_by_side(work: Callable[[Job], Answer], jobs: Sequence[Job], workers: int) -> Iterator[Answer]:
    """Yield `work(job)` of all jobs as they end, in this process if `workers` is 1.

    A caller that is interrupted or killed takes the processes with it: what they do can be resumed, and a search that
    goes on by itself holds its folder and a core.
    """
    if workers == 1:
        yield from map(work, jobs)
        return
    # spawn: a process forked after torch has started its threads may hang
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            yield from (future.result() for future in as_completed([pool.submit(work, job) for job in jobs]))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # of jobs not begun, where one failed


def _end_with_parent() -> None:
    threading.Thread(target=_watch_parent, name="molvae-parent", daemon=True).start()


def _watch_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # sys.exit would end this thread only
