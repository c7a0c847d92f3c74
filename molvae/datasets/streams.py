"""Text out of files that may be anything: plain or gzip, any line end, damaged, hostile, or not text at all."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from molvae.errors import DataError

MAX_LINE = 10_000  # characters: ten times the longest SMILES that the gate takes
MAX_RATIO = 250  # gzip gives 3-10 for molecules and up to 1,029 for a bomb
_FREE_BYTES = 16 << 20  # a file that expands to less than this is harmless whatever its ratio
_BLOCK = 1 << 18

_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or spreadsheet; unpack it or export it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; export it as CSV",
    b"BZh": "compressed with bzip2; use gzip",
    b"\xfd7zXZ": "compressed with xz; use gzip",
    b"(\xb5/\xfd": "compressed with zstd; use gzip",
    b"\xff\xfe": "UTF-16 text (first byte 0xff); save it as UTF-8",
    b"\xfe\xff": "UTF-16 text (first byte 0xfe); save it as UTF-8",
}


@contextmanager
def translated_errors(name: str) -> Iterator[None]:
    """Turn what gzip and the decoder raise while `name` is read into `DataError`."""
    try:
        yield
    except EOFError as err:
        raise DataError(f"{name} is cut off: the gzip data end too early; the rows so far are not all") from err
    except (gzip.BadGzipFile, zlib.error) as err:
        raise DataError(f"{name} is damaged gzip data: {err}") from err
    except UnicodeDecodeError as err:
        byte = err.object[err.start]
        raise DataError(f"{name} is not UTF-8 text: byte 0x{byte:02x} ({err.reason}); save it as UTF-8") from err


def open_binary(raw: BinaryIO, name: str) -> BinaryIO:
    """Return the bytes of a stream, unpacked if it holds gzip data, whatever it is called; `raw` is never closed.

    Raises:
        DataError: an archive, another compression, or UTF-16; later, a gzip bomb.
    """
    packed = _Borrowed(raw)
    buffered = io.BufferedReader(packed, _BLOCK)
    start = buffered.peek(6)[:6]
    if start[:2] == b"\x1f\x8b":
        buffered = io.BufferedReader(_Gunzip(buffered, packed, name), _BLOCK)  # type: ignore[arg-type]
        with translated_errors(name):
            start = buffered.peek(6)[:6]
    elif name.lower().endswith(".gz") and start:
        raise DataError(f"{name} is not gzip data, though its name says so")
    for magic, what in _NOT_TEXT.items():
        if start.startswith(magic):
            raise DataError(f"{name} is {what}")
    return buffered


class _Borrowed(io.RawIOBase):
    """The bytes of a stream that belongs to the caller: counted, and not closed when this object goes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read = getattr(stream, "read1", stream.read)  # read1 gives what a pipe has, read waits for all
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


class _Gunzip(io.RawIOBase):
    """Unpacked bytes of a gzip stream; stops where they outgrow the packed ones as only a bomb does."""

    def __init__(self, packed: BinaryIO, counted: _Borrowed, name: str) -> None:
        self._unpacked = gzip.GzipFile(fileobj=packed, mode="rb")
        self._counted = counted
        self._name = name
        self._produced = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._unpacked.read1(len(buffer))
        buffer[: len(data)] = data
        self._produced += len(data)
        if self._produced > _FREE_BYTES and self._produced > MAX_RATIO * self._counted.count:
            raise DataError(f"{self._name} unpacks to more than {MAX_RATIO} times its size: refused as a gzip bomb")
        return len(data)


class Lines:
    """The lines of a UTF-8 stream, ended by LF, CRLF or CR; memory stays flat whatever their length.

    `number` is the line given last, from 1. A line above `MAX_LINE` characters comes cut, with `overlong` true.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        # newline="" splits at every line end and keeps it, so that csv sees what a quoted cell holds
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
        self._name = name
        self.number = 0
        self.overlong = False

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        with translated_errors(f"{self._name}, after line {self.number},"):
            line = self._text.readline(MAX_LINE)
            self.overlong = False
            if not line:
                raise StopIteration
            rest = line
            while len(rest) == MAX_LINE and rest[-1] not in "\r\n":
                rest = self._text.readline(MAX_LINE)
                self.overlong = self.overlong or len(rest.rstrip("\r\n")) > 0
        self.number += 1
        return line
