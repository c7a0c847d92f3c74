"""Files of latent vectors, written and read in blocks: .npz, .npy, .csv, .tsv, .parquet."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molvae.datasets.arrays import ARRAY_ERRORS
from molvae.datasets.estimates import estimate_rows
from molvae.datasets.files import atomic_path
from molvae.datasets.streams import open_binary
from molvae.datasets.writers import write_rows
from molvae.errors import DataError, MissingExtraError
from molvae.latent.parquet import read_parquet, write_parquet

BLOCK = 8_192  # rows
_BLOCK_BYTES = 64 << 20  # of each array of a block; what has fewer bytes per row is read in blocks of BLOCK rows
FORMATS = (".npz", ".npy", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
_QUOTED = r"^'(?='*[=+\-@\t])"  # what `write_rows` puts before a text that a spreadsheet would run
MAX_NAME = 200  # characters: an .npz gives every row the width of the longest name


class VectorBlock(NamedTuple):
    """Some rows of a file of vectors."""

    row: NDArray[np.int64]  # (n,) line or record in the source, from 1
    name: NDArray[np.str_]  # (n,) at most MAX_NAME characters
    smiles: NDArray[np.str_]  # (n,) canonical, "" where refused
    status: NDArray[np.str_]  # (n,) "ok" or a reason code
    mean: NDArray[np.float32]  # (n, D), NaN where refused
    log_var: NDArray[np.float32]  # (n, D)


Blocks = Callable[[], Iterator[VectorBlock]]  # each call reads from the start again


def vector_format(path: Path) -> str:
    """Return the suffix that says how vectors are stored in `path`.

    Raises:
        DataError: another suffix.

    >>> vector_format(Path("library.csv.gz"))
    '.csv.gz'
    """
    for suffix in FORMATS:
        if path.name.lower().endswith(suffix):
            return suffix
    raise DataError(f"{path.name} has no suffix that names a format of vectors ({', '.join(FORMATS)})")


def write_vectors(path: Path, blocks: Blocks) -> None:
    """Write blocks to a file, whole or not at all; the memory taken is that of one block.

    `.npz` holds the arrays of `VectorBlock` under their names, `.npy` the means alone. Text tables have the columns
    row, name, smiles, status, z0, z1, …; Parquet has the means in one column `vector` of lists of D numbers, null where
    refused, as vector indexes and databases take them.
    """
    suffix = vector_format(path)
    if suffix == ".npz":
        _write_npz(path, blocks)
    elif suffix == ".npy":
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            _write_array(stream, blocks, "mean")
    elif suffix == ".parquet":
        with atomic_path(path) as temporary:
            write_parquet(temporary, blocks())
    else:
        write_rows(path, _table_rows(blocks()))


def _table_rows(blocks: Iterator[VectorBlock]) -> Iterator[dict[str, object]]:
    for block in blocks:
        columns = [f"z{dimension}" for dimension in range(block.mean.shape[1])]
        for row, name, smiles, status, mean in zip(*block[:5], strict=True):
            vector = dict(zip(columns, mean, strict=True))  # float32 scalars: shortest text that reads back the same
            yield {"row": int(row), "name": str(name), "smiles": str(smiles), "status": str(status), **vector}


def _write_npz(path: Path, blocks: Blocks) -> None:
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for field in VectorBlock._fields:
            member = zipfile.ZipInfo(f"{field}.npy")  # dated 1980: the same rows give the same bytes
            text = field in ("name", "smiles", "status")  # mostly padding
            member.compress_type = zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED
            with archive.open(member, "w", force_zip64=True) as stream:
                _write_array(stream, blocks, field)


def _write_array(stream: IO[bytes], blocks: Blocks, field: str) -> None:
    count, shape, dtype = 0, None, np.dtype(np.str_)
    for block in blocks():
        array = getattr(block, field)
        count, shape, dtype = count + len(array), array.shape[1:], np.promote_types(dtype, array.dtype)
        if array.dtype.kind != "U":
            dtype = array.dtype
    if shape is None:
        raise DataError("there are no rows to write")
    header = {"descr": dtype.str, "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(stream, header)
    for block in blocks():
        stream.write(getattr(block, field).astype(dtype).tobytes())


class PointBlock(NamedTuple):
    """Some latent points of a file."""

    row: NDArray[np.int64]  # (n,) as stored, else counted from 1
    name: list[str]
    z: NDArray[np.float32]  # (n, D)
    smiles: list[str]  # "" where the file holds none


def read_points(path: Path, block_rows: int = BLOCK) -> Iterator[PointBlock]:
    """Yield the latent points of a file that `write_vectors` or numpy wrote, a block at a time.

    Raises:
        DataError: not such a file, damaged, or without vectors.
        MissingExtraError: Parquet without pyarrow.
    """
    suffix = vector_format(path)
    read = {".npz": _read_npz, ".npy": _read_npy, ".parquet": _read_parquet}.get(suffix, _read_csv)
    try:
        yield from read(path, block_rows)
    except (DataError, MissingExtraError):
        raise
    except ARRAY_ERRORS as err:
        raise DataError(f"{path} cannot be read as latent vectors: {err}") from err


def count_points(path: Path) -> int | None:
    """Return how many rows a file of vectors holds, about where it is a table of text; None where it cannot be told."""
    suffix = vector_format(path)
    try:
        if suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                vectors = next(name for name in ("mean.npy", "z.npy") if name in archive.namelist())
                with archive.open(vectors) as stream:
                    return _header(stream)[0][0]
        if suffix == ".npy":
            return len(np.lib.format.open_memmap(path, mode="r"))
        return estimate_rows(path)
    except (*ARRAY_ERRORS, StopIteration, IndexError):  # reading says what is wrong
        return None


def _read_npz(path: Path, block_rows: int) -> Iterator[PointBlock]:
    with ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(path))
        members = {name.removesuffix(".npy") for name in archive.namelist()}
        vectors = next((name for name in ("mean", "z") if name in members), None)
        if vectors is None:
            raise DataError(f"{path} has no array 'mean' or 'z'; it holds {', '.join(sorted(members))}")
        fields = [vectors, *(name for name in ("row", "name", "smiles") if name in members)]
        streams = {name: stack.enter_context(archive.open(f"{name}.npy")) for name in fields}
        headers = {name: _header(stream) for name, stream in streams.items()}
        (count, *_), first = headers[vectors][0], 0
        for name, (shape, _) in headers.items():
            if shape[:1] != (count,):
                raise DataError(f"array {name!r} must have one entry for each of {count} vectors, got shape {shape}")
        step = min(block_rows, *(_rows_within(_row_bytes(*header)) for header in headers.values()))
        while first < count:
            size = min(step, count - first)
            block = {name: _read_block(streams[name], *headers[name], size) for name in fields}
            yield _point_block(block[vectors], first, block.get("row"), block.get("name"), block.get("smiles"))
            first += size


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(stream)
    if fortran_order or dtype.hasobject or dtype.kind not in "fiuU":
        raise DataError(f"arrays must be plain numbers or texts in C order, got {dtype}")
    if not shape or min(shape) < 0:
        raise DataError(f"arrays must be lists or tables, got shape {shape}")
    return shape, dtype


def _row_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return math.prod(shape[1:]) * dtype.itemsize


def _rows_within(row_bytes: int) -> int:
    """Return how many rows of so many bytes a block may have: a header can claim what no memory holds."""
    if row_bytes > _BLOCK_BYTES:
        raise DataError(f"a row of {row_bytes:,} bytes is no latent vector")
    return _BLOCK_BYTES // max(1, row_bytes)


def _read_block(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], rows: int) -> NDArray[Any]:
    wanted = rows * _row_bytes(shape, dtype)
    data = stream.read(wanted)
    if len(data) < wanted:
        raise DataError("the file ends before its last row")
    return np.frombuffer(data, dtype=dtype).reshape(rows, *shape[1:])


def _read_npy(path: Path, block_rows: int) -> Iterator[PointBlock]:
    array = np.lib.format.open_memmap(path, mode="r")
    step = min(block_rows, _rows_within(_row_bytes(array.shape, array.dtype)))
    for first in range(0, len(array), step):
        yield _point_block(array[first : first + step], first)


def _read_csv(path: Path, block_rows: int) -> Iterator[PointBlock]:
    import pandas  # 0.3 s, and only this format needs it

    first = 0
    separator = "\t" if ".tsv" in path.name.lower() else ","
    with (
        path.open("rb") as raw,  # unpacked here, where a bomb is known as one
        pandas.read_csv(open_binary(raw, path.name), sep=separator, chunksize=block_rows) as chunks,
    ):
        for frame in chunks:
            columns = _vector_columns([str(column) for column in frame.columns], path)
            row = frame["row"].to_numpy() if "row" in frame else None
            name, smiles = (frame[key].fillna("").astype(str) if key in frame else None for key in ("name", "smiles"))
            name = None if name is None else name.str.replace(_QUOTED, "", regex=True)
            yield _point_block(frame[columns].to_numpy(dtype=np.float32), first, row, name, smiles)
            first += len(frame)


def _read_parquet(path: Path, block_rows: int) -> Iterator[PointBlock]:
    first = 0
    for z, texts in read_parquet(path, block_rows, lambda names: _vector_columns(names, path)):
        yield _point_block(z, first, texts.get("row"), texts.get("name"), texts.get("smiles"))
        first += len(z)


def _vector_columns(names: Sequence[str], path: Path) -> list[str]:
    """Return the columns z0, z1, … in their order of dimension."""
    columns = sorted((name for name in names if re.fullmatch(r"z\d{1,5}", name)), key=lambda name: int(name[1:]))
    if not columns or columns != [f"z{dimension}" for dimension in range(len(columns))]:
        raise DataError(f"{path} must have the columns z0, z1, … without a gap, got {', '.join(names)[:200]}")
    return columns


def _point_block(z: Any, first: int, row: Any = None, name: Any = None, smiles: Any = None) -> PointBlock:
    points = np.asarray(z, dtype=np.float32)
    if points.ndim != 2:
        raise DataError(f"latent vectors must be a table (n, D), got shape {points.shape}")
    numbers = np.arange(first + 1, first + 1 + len(points)) if row is None else np.asarray(row)
    if numbers.dtype.kind not in "iu" or numbers.shape != points.shape[:1]:
        raise DataError(f"row must be a list of whole numbers, got {numbers.dtype} of shape {numbers.shape}")
    names, molecules = (
        [""] * len(points) if texts is None else [str(text) for text in texts] for texts in (name, smiles)
    )
    return PointBlock(numbers.astype(np.int64), names, points, molecules)
