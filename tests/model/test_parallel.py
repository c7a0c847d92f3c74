"""Threads give the results in order, the first error, and torch's own threads back."""

from __future__ import annotations

import threading

import pytest
import torch

from molvae.errors import ConfigError
from molvae.model.parallel import map_threads, resolve_threads, single_threaded_torch


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order(threads: int) -> None:
    assert map_threads(lambda x: x * x, range(20), threads=threads) == [x * x for x in range(20)]


def test_work_is_shared_out_and_each_thread_runs_torch_on_one() -> None:
    meeting = threading.Barrier(2, timeout=30)

    def work(_: int) -> int:
        meeting.wait()  # breaks unless two threads are here at once
        return torch.get_num_threads()

    assert map_threads(work, range(2), threads=2) == [1, 1]


def test_the_first_error_is_raised() -> None:
    def work(x: int) -> int:
        if x >= 3:
            raise ValueError(f"part {x}")
        return x

    with pytest.raises(ValueError, match="part 3"):
        map_threads(work, range(8), threads=2)


def test_the_callers_number_of_torch_threads_comes_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with single_threaded_torch():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_the_number_of_threads_is_checked() -> None:
    assert resolve_threads(None) >= 1
    assert resolve_threads(4) == 4
    with pytest.raises(ConfigError, match="threads must be at least 1, got 0"):
        resolve_threads(0)
