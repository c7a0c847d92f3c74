"""About how many rows a file holds, from its beginning: what a progress bar needs to tell the time left."""

from __future__ import annotations

import zlib
from pathlib import Path

from molvae.datasets.readers import Format, file_format
from molvae.errors import MissingExtraError

_READ = 1 << 22  # bytes: exact for files of up to 100,000 molecules, some hundredths of a second for any


def estimate_rows(path: Path | str, *, format: Format | None = None) -> int | None:
    r"""Return about how many rows a file of molecules or of vectors as text holds; None where it cannot be told.

    Exact up to 4 MB, but for blank lines and a table without a header; beyond, the rest is
    taken to be like the beginning.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".smi") as file:
    ...     _ = file.write(b"CCO ethanol\nC methane\n"), file.flush()
    ...     estimate_rows(file.name)
    2
    """
    path = Path(path)
    chosen = format or file_format(path)
    try:
        if chosen == "parquet":
            return _parquet_rows(path)
        size = path.stat().st_size
        with path.open("rb") as stream:
            start = stream.read(_READ)
    except OSError:
        return None
    text, consumed = _unpacked(start)
    rows = text.count(b"$$$$" if chosen == "sdf" else b"\n")
    if consumed >= size:
        rows += chosen != "sdf" and text[-1:] not in (b"", b"\n")
        return max(0, rows - (chosen in ("csv", "tsv")))  # the header
    return round(rows / consumed * size) if consumed else None


def _unpacked(start: bytes) -> tuple[bytes, int]:
    """Return text from the beginning of a file, and how many of its bytes that took."""
    if start[:2] != b"\x1f\x8b":
        return start, len(start)
    gunzip = zlib.decompressobj(wbits=31)
    try:
        text = gunzip.decompress(start, max_length=_READ)
    except zlib.error:  # the reader will say so
        return b"", 0
    return text, len(start) - len(gunzip.unconsumed_tail)


def _parquet_rows(path: Path) -> int | None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as err:
        raise MissingExtraError("pyarrow", "scale") from err
    try:
        return int(parquet.read_metadata(path).num_rows)
    except (pyarrow.ArrowException, OSError):
        return None
