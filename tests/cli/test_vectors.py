"""`molvae encode` and `decode`: rows in, rows out, through files and pipes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

Molvae = Callable[..., Result]


@pytest.fixture
def encode(molvae: Molvae, model_folder: Path) -> Molvae:
    def run(*arguments: str | Path, **more: object) -> Result:
        return molvae("encode", *arguments, "-m", model_folder, "--threads", "1", "--workers", "1", **more)

    return run


@pytest.fixture
def decode(molvae: Molvae, model_folder: Path) -> Molvae:
    def run(*arguments: str | Path, **more: object) -> Result:
        return molvae("decode", *arguments, "-m", model_folder, "--threads", "1", "--workers", "1", **more)

    return run


def test_every_row_has_a_vector_and_refused_rows_have_nan_and_a_reason(
    encode: Molvae, molecule_file: Path, tmp_path: Path
) -> None:
    result = encode(molecule_file, "-o", tmp_path / "out.npz", "--rejected", tmp_path / "refused.csv")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as vectors:
        assert vectors["mean"].shape == (302, 8)
        assert list(np.flatnonzero(np.isnan(vectors["mean"]).any(axis=1))) == [300, 301]
        assert vectors["status"][-2:].tolist() == ["syntax", "mixture"]
    assert "302 rows read" in result.stderr
    assert "2 refused" in result.stderr
    assert result.stdout == ""
    with (tmp_path / "refused.csv").open(newline="") as stream:
        assert [row["name"] for row in csv.DictReader(stream)] == ["open ring", "mixture"]


def test_json_says_what_became_of_the_rows(encode: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    report = json.loads(encode(molecule_file, "-o", tmp_path / "out.npy", "--json").stdout)
    assert (report["rows"], report["taken"], report["refused"]) == (302, 300, {"mixture": 1, "syntax": 1})


def test_standard_input_and_output_are_files_like_others(
    encode: Molvae, decode: Molvae, molecule_file: Path, tmp_path: Path
) -> None:
    piped = encode("-", input=molecule_file.read_bytes()).stdout
    encode(molecule_file, "-o", tmp_path / "out.csv")
    assert piped == (tmp_path / "out.csv").read_text()
    decoded = list(csv.DictReader(io.StringIO(decode("-", input=piped).stdout)))
    assert len(decoded) == 302
    decode(tmp_path / "out.csv", "-o", tmp_path / "decoded.csv")
    with (tmp_path / "decoded.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == decoded


def test_a_shard_of_the_rows_goes_into_a_file_of_its_own(encode: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    encode(molecule_file, "-o", tmp_path / "part.csv", "--shard", "1/2")
    assert [path.name for path in tmp_path.iterdir()] == ["part-1-of-2.csv"]
    assert "shard" in encode(molecule_file, "-o", tmp_path / "part.csv", "--shard", "3/2", code=1).stderr


def test_a_column_can_be_named(encode: Molvae, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id;structure\na;CCO\nb;CCN\n")
    arguments = ["--delimiter", ";", "--smiles-column", "structure", "--name-column", "id"]
    rows = list(csv.DictReader(io.StringIO(encode(table, *arguments).stdout)))
    assert [(row["name"], row["smiles"]) for row in rows] == [("a", "CCO"), ("b", "CCN")]


@pytest.mark.parametrize("content", ["C1CC\n", ""])
def test_nothing_taken_is_exit_code_1(encode: Molvae, tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.smi").write_text(content)
    encode(tmp_path / "bad.smi", "-o", tmp_path / "out.csv", code=1)


def test_a_wrong_suffix_is_refused_before_any_work(encode: Molvae, molecule_file: Path) -> None:
    assert ".npz" in encode(molecule_file, "-o", "out.pkl", code=1).stderr


def test_a_pipe_of_two_processes_needs_nothing_but_their_streams(
    start_molvae: Callable[..., subprocess.Popen[str]], model_folder: Path
) -> None:
    first = start_molvae("encode", "-", "-m", model_folder, "--workers", "1")
    second = start_molvae("decode", "-", "-m", model_folder, "--workers", "1")
    vectors, messages = first.communicate("CCO ethanol\nc1cccc1 wrong\n", timeout=120)
    assert first.returncode == 0, messages
    molecules, messages = second.communicate(vectors, timeout=120)
    assert second.returncode == 0, messages
    assert [row["name"] for row in csv.DictReader(io.StringIO(molecules))] == ["ethanol", "wrong"]
