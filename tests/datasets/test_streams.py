from __future__ import annotations

import gzip
import io
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from molvae.datasets.readers import read_rows
from molvae.datasets.streams import Lines, open_binary
from molvae.errors import DataError


def lines_of(content: bytes, name: str = "input") -> list[str]:
    return list(Lines(open_binary(io.BytesIO(content), name), name))


def test_gzip_is_known_by_its_bytes_not_by_its_name() -> None:
    for name in ("a.smi", "a.smi.gz"):
        assert lines_of(gzip.compress(b"C\nO\n"), name) == ["C\n", "O\n"]
    assert lines_of(gzip.compress(b"C\n") + gzip.compress(b"O\n")) == ["C\n", "O\n"]
    with pytest.raises(DataError, match="not gzip"):
        lines_of(b"C\nO\n", "a.smi.gz")


def test_truncated_gzip_gives_its_rows_and_then_an_error(tmp_path: Path) -> None:  # row 97
    path = tmp_path / "cut.smi.gz"
    path.write_bytes(gzip.compress(b"".join(b"C%d\n" % number for number in range(50_000)))[:-2_000])
    rows = read_rows(path)
    assert next(rows).smiles == "C0"
    with pytest.raises(DataError, match=r"cut\.smi\.gz, after line \d+, is cut off"):
        list(rows)


def test_trailing_junk_is_damaged_gzip() -> None:  # row 98
    with pytest.raises(DataError, match="damaged gzip"):
        lines_of(gzip.compress(b"C\n") + b"junk")
    with pytest.raises(DataError, match=r"damaged|cut off"):
        lines_of(b"\x1f\x8b" + b"\x00" * 40)


@pytest.mark.parametrize(
    ("start", "what"),
    [(b"PK\x03\x04", "zip archive"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\xd0\xcf\x11\xe0", "Excel")],
)
def test_what_is_no_text_is_named(start: bytes, what: str) -> None:
    for content in (start + b"\0" * 100, gzip.compress(start + b"\0" * 100)):
        with pytest.raises(DataError, match=what):
            lines_of(content)


def test_a_gzip_bomb_is_an_error_in_little_memory(tmp_path: Path) -> None:  # row 99
    path = tmp_path / "bomb.smi.gz"
    with gzip.open(path, "wb") as stream:
        for _ in range(300):
            stream.write(b"C" * 1_000_000)
    code = """
import resource, sys
from molvae.datasets.readers import read_rows
from molvae.errors import DataError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print(len(list(read_rows(sys.argv[1]))))
except DataError as err:
    print(err)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    message, growth = done.stdout.splitlines()
    assert "gzip bomb" in message
    assert int(growth) < 100_000 * (1_024 if sys.platform == "darwin" else 1)  # kB on Linux, bytes on macOS


def test_a_file_that_repeats_itself_is_no_bomb() -> None:
    content = b"smiles,source,licence\n" + b"CCO,the same text in every row,and here again\n" * 20_000
    assert len(lines_of(gzip.compress(content))) == 20_001


def test_memory_stays_flat_over_many_lines(tmp_path: Path) -> None:  # row 100
    path = tmp_path / "many.smi"
    with path.open("w") as stream:
        for number in range(100_000):
            stream.write(f"CCOCCOCCOCC molecule number {number}\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in read_rows(path)) == 100_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000
