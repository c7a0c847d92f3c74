"""`--dry-run`: what would be done is said, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Molvae = Callable[..., Result]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Molecules with a value in three of four rows."""
    path = tmp_path_factory.mktemp("table") / "values.csv"
    path.write_text("smiles,value\nCCO,1\nCCC,2\nCCN,\nCCCO,3\n")
    return path


@pytest.mark.parametrize(
    "command",
    [
        ["encode", "SOURCE", "-m", "MODEL", "-o", "PLACE.npz"],
        ["train", "SOURCE", "-o", "PLACE"],
        ["finetune", "SOURCE", "-m", "MODEL", "-o", "PLACE"],
        ["data", "prepare", "SOURCE", "-o", "PLACE"],
        ["data", "prepare", "zinc250k", "-o", "PLACE"],
        ["optimize", "--objective", "qed", "-o", "PLACE", "--strategy", "graph-ga"],
        ["benchmark", "pmo", "--tasks", "qed", "-o", "PLACE"],
        ["benchmark", "constrained-plogp", "SOURCE", "-o", "PLACE"],
        ["benchmark", "property", "TABLE", "--target", "value", "-m", "MODEL", "-o", "PLACE"],
        ["property", "evaluate", "TABLE", "--target", "value", "-m", "MODEL", "-o", "PLACE"],
    ],
)
def test_nothing_is_written(
    command: list[str], molvae: Molvae, molecule_file: Path, table: Path, model_folder: Path, tmp_path: Path
) -> None:
    names = {"SOURCE": str(molecule_file), "TABLE": str(table), "MODEL": str(model_folder)}
    place = tmp_path / "place"
    arguments = [names.get(word, word.replace("PLACE", str(place))) for word in command]
    told = json.loads(molvae(*arguments, "--dry-run", "--json").stdout)
    assert str(place) in told["output"]
    assert list(tmp_path.iterdir()) == []


def test_an_evaluation_counts_its_fits(molvae: Molvae, table: Path, model_folder: Path) -> None:
    options = ["--target", "value", "-m", model_folder, "--kind", "gp", "--seeds", "2", "--dry-run", "--json"]
    told = json.loads(molvae("property", "evaluate", table, *options).stdout)
    assert (told["rows_about"], told["rows_with_a_value"]) == (4, 3)
    assert told["fits"] == 2 * 2 * (2 + 2)  # splits, seeds, two of molvae and two to compare with
    assert told["output"] == "standard output"


def test_the_first_rows_are_judged_and_all_are_counted(molvae: Molvae, molecule_file: Path) -> None:
    told = json.loads(molvae("train", molecule_file, "-o", "runs/none", "--epochs", "2", "--dry-run", "--json").stdout)
    assert told["rows_about"] == 302
    assert told["refused_of_the_first_302"] == "syntax 1, mixture 1"
    assert told["steps_about"] == 2 * (302 // 128)


def test_what_lies_at_the_place_is_said(
    molvae: Molvae, molecule_file: Path, model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.npz").write_bytes(b"")
    result = molvae("encode", molecule_file, "-m", model_folder, "-o", tmp_path / "out.npz", "--dry-run")
    assert "exists and would be replaced" in result.stdout
    result = molvae("train", molecule_file, "-o", model_folder, "--dry-run")
    assert "--resume only" in result.stdout
