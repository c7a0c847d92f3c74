from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.errors import DataError
from molvae.latent.parts import Arrays, Job, Parts, numbered_parts, parse_shard


@given(count=st.integers(0, 60), size=st.integers(1, 9), shards=st.integers(1, 5))
def test_shards_share_out_every_row_once(count: int, size: int, shards: int) -> None:
    whole = list(numbered_parts(range(count), size, (1, 1)))
    assert [row for _, rows in whole for row in rows] == list(range(count))
    shared = [list(numbered_parts(range(count), size, (i + 1, shards))) for i in range(shards)]
    assert sorted(row for parts in shared for _, rows in parts for row in rows) == list(range(count))
    assert all(parts for parts in shared[:count]), "no job is idle while there are rows for it"


@pytest.mark.parametrize("shard", ["", "3", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1 / 2"])
def test_what_is_no_shard_is_refused(shard: str) -> None:
    with pytest.raises(ValueError, match="i/n"):
        parse_shard(shard)


def test_a_part_is_held_only_with_its_own_mark(tmp_path: Path) -> None:
    parts = Parts.of(tmp_path / "out.npz", "model 1")
    mark = parts.mark(["a", "b"])
    assert not parts.holds(0, mark)
    parts.save(0, mark, {"x": np.arange(3)})
    assert parts.holds(0, mark)
    np.testing.assert_array_equal(parts.load(0)["x"], np.arange(3))
    assert not parts.holds(0, parts.mark(["a", "c"]))
    assert not parts.holds(0, parts.mark(["ab"]))
    assert Parts.of(tmp_path / "out.npz", "model 2").mark(["a", "b"]) != mark


def test_a_damaged_part_is_not_held(tmp_path: Path) -> None:
    parts = Parts.of(tmp_path / "out.npz", "key")
    parts.save(0, "mark", {"x": np.arange(1_000)})
    path = next(parts.folder.iterdir())
    path.write_bytes(path.read_bytes()[:-200])
    assert not parts.holds(0, "mark")
    with pytest.raises(DataError, match="damaged"):
        parts.load(0)
    parts.remove()
    assert not parts.folder.exists()


def make_job(parts: Parts, done: list[str], *, stop_after: int | None = None) -> Job[str, str]:
    def work(rows: Iterator[str]) -> Iterator[Sequence[str]]:
        block: list[str] = []
        for row in rows:
            if stop_after is not None and len(done) == stop_after:
                raise KeyboardInterrupt
            done.append(row)
            block.append(row.upper())
            if len(block) == 3:  # blocks that do not fit the parts
                yield block
                block = []
        yield block

    def arrays(rows: list[str], results: list[str]) -> Arrays:
        return {"row": np.array(rows), "result": np.array(results)}

    return Job(parts, str, work, arrays, lambda rows: None)


def test_a_job_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    rows = [f"row {i}" for i in range(23)]
    parts = Parts.of(tmp_path / "out", "key")
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        make_job(parts, done, stop_after=14).run(numbered_parts(rows, 5, (1, 1)))
    again: list[str] = []
    numbers, resumed = make_job(parts, again).run(numbered_parts(rows, 5, (1, 1)))
    assert numbers == [0, 1, 2, 3, 4]
    assert resumed == 10
    assert again == rows[10:]
    found = [result for number in numbers for result in parts.load(number)["result"].tolist()]
    assert found == [row.upper() for row in rows]


def test_only_the_part_whose_rows_changed_is_done_again(tmp_path: Path) -> None:
    rows = [f"row {i}" for i in range(20)]
    parts = Parts.of(tmp_path / "out", "key")
    make_job(parts, []).run(numbered_parts(rows, 5, (1, 1)))
    rows[7] = "other"
    again: list[str] = []
    _, resumed = make_job(parts, again).run(numbered_parts(rows, 5, (1, 1)))
    assert resumed == 15
    assert again == rows[5:10]


def test_progress_counts_every_row_once(tmp_path: Path) -> None:
    parts = Parts.of(tmp_path / "out", "key")
    make_job(parts, []).run(numbered_parts(["a"] * 10, 4, (1, 2)))
    counted: list[int] = []
    job = make_job(parts, [])
    Job(job.parts, job.text, job.work, job.arrays, counted.append).run(numbered_parts(["a"] * 10, 4, (1, 1)))
    assert sum(counted) == 10
