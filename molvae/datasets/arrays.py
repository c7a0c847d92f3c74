"""NumPy array files: written piece by piece, read as a memory map, never with pickle."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from molvae.errors import DataError

# What numpy raises on a damaged file: ValueError for bad magic, a bad header, too few bytes or pickled objects; the
# others come out of the parser of headers (Python's own) and of the archive.
ARRAY_ERRORS = (
    OSError, ValueError, KeyError, EOFError, TypeError, SyntaxError, OverflowError, RuntimeError, TokenError,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip


class NpyWriter:
    """Writes a one-dimensional `.npy` file of unknown length in pieces; the header gets the length at the end."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._count = 0
        self._stream: IO[bytes] = open(path, "wb")  # noqa: SIM115 - closed by __exit__
        self._write_header()

    def append(self, values: NDArray[Any]) -> None:
        """Append values (n,), converted to the type of the file."""
        self._stream.write(np.ascontiguousarray(values, dtype=self._dtype).tobytes())
        self._count += len(values)

    def _write_header(self) -> int:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._count,)}
        np.lib.format.write_array_header_1_0(self._stream, header)
        return self._stream.tell()

    def __enter__(self) -> NpyWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stream:
            if error is not None:
                return  # what was written is thrown away
            size = self._stream.tell() - self._count * self._dtype.itemsize
            self._stream.seek(0)
            end = self._write_header()
            # numpy pads the header so that the length can grow in place to 21 digits
            assert end == size, f"header grew from {size} to {end} bytes"


def map_array(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the one-dimensional array of a `.npy` file, memory-mapped read-only.

    Raises:
        DataError: not such a file, damaged, or of another type.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except ARRAY_ERRORS as err:
        raise DataError(f"{path} cannot be read as an array: {err}") from err
    if array.dtype != dtype or array.ndim != 1:
        raise DataError(f"{path} must be a list of {dtype}, got {array.dtype} of shape {array.shape}")
    return array
