from __future__ import annotations

import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from molvae.errors import DataError
from molvae.latent.vectors import FORMATS, VectorBlock, read_points, vector_format, write_vectors


def blocks(sizes: tuple[int, ...] = (3, 2), dim: int = 4) -> Iterator[VectorBlock]:
    first = 1
    for size in sizes:
        rows = np.arange(first, first + size)
        mean = np.random.default_rng(first).standard_normal((size, dim), dtype=np.float32)
        mean[rows % 4 == 0] = np.nan
        status = np.where(rows % 4 == 0, "syntax", "ok")
        name = np.array([f"name {row}" for row in rows])
        yield VectorBlock(rows, name, np.where(rows % 4 == 0, "", "CCO"), status, mean, mean + 1)
        first += size


@pytest.mark.parametrize("suffix", FORMATS)
def test_points_survive_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vectors{suffix}"
    write_vectors(path, blocks)
    expected = np.concatenate([block.mean for block in blocks()])
    read = list(read_points(path, block_rows=2))
    assert [len(block.z) for block in read] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate([block.z for block in read]), expected)
    assert [int(row) for block in read for row in block.row] == [1, 2, 3, 4, 5]
    if suffix != ".npy":
        assert [name for block in read for name in block.name] == [f"name {row}" for row in range(1, 6)]


def test_an_npz_holds_every_array_and_no_pickle(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    write_vectors(path, blocks)
    with np.load(path, allow_pickle=False) as stored:
        assert set(stored.files) == set(VectorBlock._fields)
        assert stored["status"].tolist() == ["ok", "ok", "ok", "syntax", "ok"]
        assert stored["mean"].dtype == stored["log_var"].dtype == np.float32
        np.testing.assert_array_equal(stored["log_var"], stored["mean"] + 1)
    again = tmp_path / "again.npz"
    write_vectors(again, blocks)
    assert again.read_bytes() == path.read_bytes()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def many() -> Iterator[VectorBlock]:
        return blocks((500,) * 60, dim=64)

    path = tmp_path / "vectors.npz"
    tracemalloc.start()
    try:
        write_vectors(path, many)
        rows = sum(len(block.z) for block in read_points(path, block_rows=500))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 30_000
    assert path.stat().st_size > 15_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize("name", ["z", "mean"])
def test_what_numpy_wrote_is_read(tmp_path: Path, name: str) -> None:
    z = np.arange(12.0).reshape(3, 4)
    np.savez_compressed(tmp_path / "a.npz", allow_pickle=False, **{name: z})
    np.save(tmp_path / "a.npy", z)
    for path in (tmp_path / "a.npz", tmp_path / "a.npy"):
        (block,) = read_points(path)
        np.testing.assert_array_equal(block.z, z)
        assert block.row.tolist() == [1, 2, 3]


def test_an_unknown_suffix_is_refused() -> None:
    with pytest.raises(DataError, match="no suffix"):
        vector_format(Path("vectors.pkl"))


def test_damaged_and_hostile_files_are_refused(tmp_path: Path) -> None:
    good = tmp_path / "good.npz"
    write_vectors(good, blocks)
    files = {
        "cut.npz": good.read_bytes()[:300],
        "text.npz": b"no archive",
        "text.npy": b"no array",
        "empty.csv": b"",
        "gap.csv": b"z0,z2\n1,2\n",
        "words.csv": b"z0,z1\n1,two\n",
        "latin.csv": b"z0,name\n1,\xe9\n",
        "text.parquet": b"no table",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    np.save(tmp_path / "flat.npy", np.arange(4.0))
    np.savez(tmp_path / "other.npz", weights=np.ones((2, 2)))
    with zipfile.ZipFile(tmp_path / "short.npz", "w") as archive, archive.open("mean.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": (1_000_000_000, 4)}
        )
        stream.write(b"\0" * 64)
    for name in (*files, "objects.npy", "flat.npy", "other.npz", "short.npz", "missing.npz"):
        with pytest.raises(DataError):
            list(read_points(tmp_path / name))
