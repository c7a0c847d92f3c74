"""`--dry-run`: what would be done is said, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Molvae = Callable[..., Result]


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
    ],
)
def test_nothing_is_written(
    command: list[str], molvae: Molvae, molecule_file: Path, model_folder: Path, tmp_path: Path
) -> None:
    names = {"SOURCE": str(molecule_file), "MODEL": str(model_folder)}
    place = tmp_path / "place"
    arguments = [names.get(word, word.replace("PLACE", str(place))) for word in command]
    told = json.loads(molvae(*arguments, "--dry-run", "--json").stdout)
    assert str(place) in told["output"]
    assert list(tmp_path.iterdir()) == []


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
