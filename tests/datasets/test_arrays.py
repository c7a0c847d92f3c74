from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.datasets.arrays import NpyWriter, map_array
from molvae.errors import DataError


@given(st.lists(st.lists(st.integers(0, 65_535), max_size=50), max_size=8))
def test_pieces_make_the_file_that_numpy_writes(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    with NpyWriter(folder / "pieces.npy", np.dtype("<u2")) as writer:
        for piece in pieces:
            writer.append(np.array(piece, dtype=np.uint16))
    whole = np.array([value for piece in pieces for value in piece], dtype=np.uint16)
    np.save(folder / "whole.npy", whole)
    assert (folder / "pieces.npy").read_bytes() == (folder / "whole.npy").read_bytes()


def test_an_array_is_mapped_read_only(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))
    array = map_array(tmp_path / "a.npy", np.dtype("<i8"))
    assert isinstance(array, np.memmap)
    assert array.tolist() == [0, 1, 2, 3, 4]
    assert not array.flags.writeable


@pytest.mark.parametrize("values", [np.arange(5, dtype=np.int32), np.zeros((2, 2), dtype=np.int64), np.array(3)])
def test_another_type_or_shape_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(DataError, match="must be a list of int64"):
        map_array(tmp_path / "a.npy", np.dtype("<i8"))


def test_what_is_no_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(5))
    content = path.read_bytes()
    for damaged in (b"", b"PK\x03\x04" + content, content[:50], content[:-1], content[:8] + b"\xff" * 200):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="array"):
            map_array(path, np.dtype("<i8"))
    with pytest.raises(DataError, match="array"):
        map_array(tmp_path / "nothing.npy", np.dtype("<i8"))
