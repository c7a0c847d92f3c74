from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from molvae.latent import pipeline
from molvae.latent.pipeline import Pipeline, as_rows
from molvae.latent.space import LatentSpace


def test_rows_are_what_was_given() -> None:
    assert as_rows("CCO") == ["CCO"]
    assert as_rows(["CCO", None]) == ["CCO", None]
    assert as_rows(iter(["CCO"])) == ["CCO"]
    assert as_rows(np.array(["CCO", "CCN"])) == ["CCO", "CCN"]


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_work_done_ahead_comes_in_order(depth: int) -> None:
    def work(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return item * item

    assert list(pipeline._ahead(work, range(20), depth=depth)) == [item * item for item in range(20)]


def test_only_so_much_is_done_ahead_and_nothing_after_the_reader_leaves() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1_000):
            taken.append(item)
            yield item

    results = pipeline._ahead(lambda item: item, items(), depth=3)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) <= 9
    results.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("molvae-network") for thread in threading.enumerate())


def test_an_error_in_the_network_reaches_the_reader() -> None:
    def work(item: int) -> int:
        if item == 4:
            raise ArithmeticError("item 4")
        return item

    for depth in (0, 2):
        with pytest.raises(ArithmeticError, match="item 4"):
            list(pipeline._ahead(work, range(10), depth=depth))


def test_endless_input_is_encoded_in_bounded_memory(space: LatentSpace, corpus: list[str]) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            for smiles in corpus:
                taken += 1
                yield smiles

    encodings = space.pipeline.encode(endless(), many=False)
    assert sum(len(next(encodings)) for _ in range(2)) == 2 * pipeline.WINDOW
    assert taken <= 3 * pipeline.WINDOW


def test_cores_are_shared_as_asked(space: LatentSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    network = space.pipeline.network
    monkeypatch.setattr(pipeline, "resolve_threads", lambda threads: 8)
    free = Pipeline(space.pipeline.codec, dataclasses.replace(network, threads=None), None, space.pipeline.model)
    workers, shared = free._cores(many=True)
    assert (workers, shared.threads) == (4, 4)
    assert free._cores(many=False) == (1, free.network)
    fixed = Pipeline(space.pipeline.codec, network, 3, space.pipeline.model)
    workers, shared = fixed._cores(many=True)
    assert (workers, shared.threads) == (3, 1)
