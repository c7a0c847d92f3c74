"""About how many rows a file holds."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from molvae.datasets import read_rows, write_rows
from molvae.datasets.estimates import estimate_rows


@pytest.mark.parametrize("suffix", ["smi", "smi.gz", "csv", "csv.gz", "tsv", "sdf", "parquet"])
@pytest.mark.parametrize("count", [1, 250])
def test_a_short_file_is_counted_exactly(suffix: str, count: int, tmp_path: Path) -> None:
    path = tmp_path / f"library.{suffix}"
    write_rows(path, [{"smiles": "C" * (1 + i % 30), "name": f"molecule {i}"} for i in range(count)])
    assert estimate_rows(path) == count == len(list(read_rows(path)))


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    (tmp_path / "x.smi").write_text("CCO\nCCC")
    assert estimate_rows(tmp_path / "x.smi") == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_long_file_is_judged_by_its_beginning(packed: bool, tmp_path: Path) -> None:
    lines = "".join(f"{'C' * (1 + i % 50)} molecule {i:07d}\n" for i in range(200_000))
    path = tmp_path / ("x.smi.gz" if packed else "x.smi")
    path.write_bytes(gzip.compress(lines.encode()) if packed else lines.encode())
    assert estimate_rows(path) == pytest.approx(200_000, rel=0.02)


@pytest.mark.parametrize(
    ("name", "content"), [("x.smi.gz", b"\x1f\x8bno gzip"), ("x.parquet", b"no parquet"), ("x.smi", None)]
)
def test_what_cannot_be_read_has_no_number_or_none(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert not estimate_rows(tmp_path / name)
