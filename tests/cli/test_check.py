from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Molvae = Callable[..., Result]
GIVEN = "CCO ethanol\n[CH2]CC =1+1\nC1CC open\nC1=CC1 ring\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "given.smi").write_text(GIVEN)
    return tmp_path / "given.smi"


def test_structures_alone_need_no_model(molvae: Molvae, source: Path, tmp_path: Path) -> None:
    result = molvae(
        "check", source, "--no-model", "--json", "-o", tmp_path / "rows.csv", "--html", tmp_path / "page.html"
    )
    report = json.loads(result.stdout)
    assert report["structure"]["radical"] == {"value": 1 / 3, "of": 3}
    assert report["causes"]["syntax"] == 1
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1]["name"] == "'=1+1"  # no spreadsheet runs it
    assert rows[2]["smiles"] == ""
    assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_table_of_figures_is_printed(molvae: Molvae, source: Path) -> None:
    result = molvae("check", "-", "--no-model", "--alerts", "none", input=GIVEN)
    assert "radical" in result.stdout
    assert "PAINS" not in result.stdout


def test_the_model_is_asked(molvae: Molvae, molecule_file: Path, model_folder: Path, tmp_path: Path) -> None:
    head = "\n".join(molecule_file.read_text().splitlines()[:30])
    options = ["-m", model_folder, "--threads", "1", "--workers", "1"]
    repaired = tmp_path / "repaired.csv"
    result = molvae(
        "check", "-", *options, "--json", "--repair", repaired, "--alerts", "PAINS", input=head + "\nCC(C\n"
    )
    report = json.loads(result.stdout)
    assert report["model"]["taken by the model"]["of"] == 30
    assert "CC(C" in repaired.read_text(encoding="utf-8")
    said = molvae("check", "-", *options, "--domain", input=head, code=1)
    assert "learn_domain" in said.stderr
    known = ["--training", molecule_file, "--domain", "--alerts", "none", "--json"]
    report = json.loads(molvae("check", "-", *options, *known, input=head).stdout)
    assert report["set"]["novel"]["value"] == 0
    assert report["model"]["outside the domain"]["of"] == 30


def test_vectors_are_decoded(molvae: Molvae, molecule_file: Path, model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "few.smi").write_text("CCO one\nC1CC two\nc1ccccc1 three\n")
    options = ["-m", model_folder, "--threads", "1", "--workers", "1"]
    molvae("encode", tmp_path / "few.smi", "-o", tmp_path / "few.npz", *options)
    rows = tmp_path / "rows.csv"
    report = json.loads(molvae("check", tmp_path / "few.npz", *options, "--json", "-o", rows).stdout)
    assert report["n"] == 3
    with rows.open(encoding="utf-8", newline="") as stream:
        assert [row["name"] for row in csv.DictReader(stream)] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [(["--html", "page.txt"], "must end in .html"), (["--no-model", "--domain"], "they need the model"),
     (["--alerts", "ALL"], "'ALL' is not one of"), (["-o", "-"], "the name of a file")],
)  # fmt: skip
def test_wrong_usage_is_refused(molvae: Molvae, source: Path, arguments: list[str], rule: str) -> None:
    assert rule in molvae("check", source, *arguments, code=2).stderr


def test_a_file_without_molecules_is_a_failure(molvae: Molvae, tmp_path: Path) -> None:
    (tmp_path / "empty.smi").write_text("")
    molvae("check", tmp_path / "empty.smi", "--no-model", code=1)
    molvae("check", "-", "--no-model", input="C1CC\n", code=1)
    assert "none.smi cannot be read" in molvae("check", tmp_path / "none.smi", "--no-model", code=1).stderr
