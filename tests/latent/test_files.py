from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from molvae.errors import DataError, InUseError
from molvae.latent.files import decode_file, encode_file
from molvae.latent.space import LatentSpace


@pytest.fixture
def library(tmp_path: Path, corpus: list[str]) -> Path:
    """A CSV of the corpus with names, two refused molecules, a ragged row and a name that is a formula."""
    path = tmp_path / "library.csv"
    rows = [f"{smiles},name {i}" for i, smiles in enumerate(corpus)]
    rows[5], rows[20], rows[30], rows[40] = "C1CC,broken", "[Fe],iron", "CCO,a,b,c", f"{corpus[40]},=1+1"
    path.write_text("\n".join(["smiles,name", *rows]) + "\n", encoding="utf-8")
    return path


def test_every_row_of_a_file_has_its_row(space: LatentSpace, library: Path, corpus: list[str], tmp_path: Path) -> None:
    out, rejected = tmp_path / "library.npz", tmp_path / "rejected.csv"
    counted: list[int] = []
    report = encode_file(space, library, out, rejected=rejected, part_rows=10, progress=counted.append)
    assert (report.read, report.taken, report.path) == (64, 61, out)
    assert sum(report.refused.values()) == 3
    assert sum(counted) == 64
    expected = space.encode(corpus)
    with np.load(out) as stored:
        good = stored["status"] == "ok"
        assert good.sum() == 61
        np.testing.assert_array_equal(stored["mean"][good], expected.mean[good])
        np.testing.assert_array_equal(stored["log_var"][good], expected.log_var[good])
        assert np.isnan(stored["mean"][~good]).all()
        assert stored["row"].tolist() == list(range(2, 66))
        assert stored["name"][3] == "name 3"
        assert stored["smiles"][good].tolist() == [corpus[i] for i in np.flatnonzero(good)]
    with rejected.open(newline="") as stream:
        refused = list(csv.DictReader(stream))
    assert [(row["row"], row["name"], row["text"]) for row in refused[:2]] == [
        ("7", "broken", "C1CC"),
        ("22", "iron", "[Fe]"),
    ]
    assert Counter(row["code"] for row in refused) == report.refused
    assert all(row["detail"] for row in refused)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library.csv", "library.npz", "rejected.csv"]


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".tsv.gz", ".parquet"])
def test_a_file_goes_through_the_latent_space_and_back(
    space: LatentSpace, library: Path, corpus: list[str], tmp_path: Path, suffix: str
) -> None:
    vectors, molecules = tmp_path / f"vectors{suffix}", tmp_path / "molecules.csv"
    space.encode_file(library, vectors)
    report = space.decode_file(vectors, molecules, part_rows=25)
    assert report.read == 64
    assert report.refused["not_finite"] == 3
    with molecules.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = [row.decoded for row in space.reconstruct(corpus)]
    assert len(rows) == 64
    for i, (row, smiles) in enumerate(zip(rows, expected, strict=True)):
        assert row["smiles"] == ("" if i in (5, 20, 30) else smiles)
    if suffix != ".npy":
        assert rows[0]["row"] == "2"
        assert rows[40]["name"] == "'=1+1"  # what a spreadsheet would run is quoted


def test_a_file_of_molecules_only_leaves_out_rows_without_one(
    space: LatentSpace, library: Path, tmp_path: Path
) -> None:
    encode_file(space, library, tmp_path / "vectors.npz")
    report = decode_file(space, tmp_path / "vectors.npz", tmp_path / "molecules.smi", rejected=tmp_path / "no.csv")
    lines = (tmp_path / "molecules.smi").read_text().splitlines()
    assert len(lines) == report.taken == 61
    assert len((tmp_path / "no.csv").read_text().splitlines()) == 1 + 3


def test_shards_write_files_of_their_own_that_make_up_the_whole(
    space: LatentSpace, library: Path, tmp_path: Path
) -> None:
    whole = encode_file(space, library, tmp_path / "whole.npz", part_rows=7)
    reports = [encode_file(space, library, tmp_path / "whole.npz", shard=f"{i}/3", part_rows=7) for i in range(1, 4)]
    assert [report.path.name for report in reports] == [f"whole-{i}-of-3.npz" for i in range(1, 4)]
    assert sum(report.read for report in reports) == whole.read
    found: dict[int, np.ndarray] = {}
    for report in reports:
        with np.load(report.path) as stored:
            found |= dict(zip(stored["row"].tolist(), stored["mean"], strict=True))
    with np.load(whole.path) as stored:
        for row, mean in zip(stored["row"].tolist(), stored["mean"], strict=True):
            np.testing.assert_array_equal(found[row], mean)


def test_an_empty_file_and_a_job_without_rows_are_named(space: LatentSpace, tmp_path: Path) -> None:
    (tmp_path / "empty.smi").touch()
    (tmp_path / "one.smi").write_text("CCO\n")
    with pytest.raises(DataError, match=r"empty.smi has no rows$"):
        encode_file(space, tmp_path / "empty.smi", tmp_path / "out.npz")
    with pytest.raises(DataError, match=r"one.smi has no rows for shard 2/2"):
        encode_file(space, tmp_path / "one.smi", tmp_path / "out.npz", shard="2/2")


def test_files_that_cannot_be_are_refused_before_the_work(space: LatentSpace, library: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no suffix"):
        encode_file(space, library, tmp_path / "out.pkl")
    with pytest.raises(ValueError, match="i/n"):
        encode_file(space, library, tmp_path / "out.npz", shard="4/3")
    with pytest.raises(DataError):
        encode_file(space, tmp_path / "missing.csv", tmp_path / "out.npz")
    np.save(tmp_path / "narrow.npy", np.zeros((2, 3)))
    with pytest.raises(ValueError, match="24"):
        decode_file(space, tmp_path / "narrow.npy", tmp_path / "out.csv")
    assert not (tmp_path / "out.npz").exists()


KILLED = """
import sys
from pathlib import Path
from molvae.latent.space import LatentSpace

space = LatentSpace.load(sys.argv[1], threads=1, workers=1)
space.encode_file(sys.argv[2], sys.argv[3], part_rows=200)
"""


def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_happened(
    space: LatentSpace, model: Path, corpus: list[str], tmp_path: Path
) -> None:
    library, out = tmp_path / "library.smi", tmp_path / "killed.npz"
    library.write_text("".join(f"{smiles} {i}\n" for i, smiles in enumerate(corpus * 400)), encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(model), str(library), str(out)])
    try:
        parts = out.with_name(".killed.npz.parts")
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline and len(list(parts.glob("part-*.npz"))) < 8:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert not out.exists()
    assert len(list(parts.glob("part-*.npz"))) >= 8
    library.write_text("".join(library.read_text().splitlines(keepends=True)[:4_000]), encoding="utf-8")
    report = encode_file(space, library, out, part_rows=200)
    assert report.resumed >= 1_600
    assert report.read == 4_000
    whole = encode_file(space, library, tmp_path / "whole.npz", part_rows=200)
    assert whole.resumed == 0
    assert out.read_bytes() == whole.path.read_bytes()
    assert not parts.exists()


def test_a_second_job_on_the_same_output_is_refused_and_leaves_it_alone(
    space: LatentSpace, library: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.npz"
    begun: list[int] = []

    def meddle(rows: int) -> None:
        if not begun:
            begun.append(rows)
            with pytest.raises(InUseError, match=r"out.npz is being written by process \d+"):
                encode_file(space, library, out)

    encode_file(space, library, out, part_rows=10, progress=meddle)
    assert begun
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library.csv", "out.npz"]


def test_what_a_killed_writer_left_is_cleared(space: LatentSpace, library: Path, tmp_path: Path) -> None:
    (tmp_path / ".tmp-4242-out.npz").write_bytes(bytes(100))
    (tmp_path / ".tmp-4242-other.npz").write_bytes(bytes(100))
    encode_file(space, library, tmp_path / "out.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".tmp-4242-other.npz", "library.csv", "out.npz"]
