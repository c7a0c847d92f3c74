"""`molvae property`: what a table teaches, what becomes of refused rows, and how well it works."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from molvae.chem.molecule import canonical_smiles

Molvae = Callable[..., Result]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, wehi_smiles: list[str]) -> Path:
    """60 molecules with their length, a refused one, and one without a label."""
    path = tmp_path_factory.mktemp("labelled") / "lengths.csv"
    whole = [smiles for smiles in wehi_smiles if "." not in smiles][:60]
    rows = [f"{smiles},{len(smiles)},{-len(smiles) if i % 2 else ''}" for i, smiles in enumerate(whole)]
    path.write_text("\n".join(["smiles,length,other", *rows, "C1CC,3,", "CCO,,"]) + "\n")
    return path


@pytest.fixture(scope="module")
def predictor(molvae: Molvae, labelled: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("property") / "model"
    options = ["--kind", "ridge", "-m", model_folder, "-o", folder]
    found = molvae("property", "fit", labelled, "--target", "length", "--target", "other", *options, "--json")
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(line["target"], line["kind"]) for line in lines] == [("length", "ridge"), ("other", "ridge")]
    assert [line["fitted"] + line["held_out"] for line in lines] == [60, 30]
    return folder


def test_predictions_are_rows_in_order(molvae: Molvae, predictor: Path, labelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "predicted.csv"
    result = molvae("property", "predict", predictor, labelled, "--alpha", "0.5", "-o", out)
    assert "61 of 62 rows predicted" in result.stderr
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == 62
    assert rows[60]["reason"] == "syntax: 'C1CC' is not SMILES"
    assert rows[60]["length"] == rows[60]["domain"] == ""
    for row in [*rows[:60], rows[61]]:
        assert float(row["length_low"]) < float(row["length"]) < float(row["length_high"])
        assert 0 < float(row["domain"]) <= 1


def test_a_fitted_model_is_an_objective(molvae: Molvae, predictor: Path, labelled: Path) -> None:
    scored = molvae("score", labelled, "--objective", f"property:{predictor}", "--json")
    scores = json.loads(scored.stdout)["scores"]
    predicted = molvae("property", "predict", predictor, labelled, "--json").stdout.splitlines()
    for score, line in list(zip(scores, predicted, strict=True))[:20]:
        row = json.loads(line)
        if canonical_smiles(row["smiles"]) != row["smiles"]:
            continue  # an objective asks with the canonical SMILES of its own gate
        assert score["length"] == pytest.approx(row["length"], rel=1e-3)
    assert scores[60] is None


def test_the_evaluation_is_a_table_and_a_picture(
    molvae: Molvae, labelled: Path, model_folder: Path, tmp_path: Path
) -> None:
    options = ["--kind", "ridge", "--split", "random", "--seeds", "2", "-m", model_folder, "-o", tmp_path / "report"]
    result = molvae("property", "evaluate", labelled, "--target", "length", *options, "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["method"] for row in rows} == {
        "molvae (ridge)", "molvae, states (ridge)", "Morgan + random forest", "RDKit descriptors + random forest",
    }  # fmt: skip
    assert "60 molecules, 0 rows repeated, 1 syntax" in result.stderr
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"results.csv", "calibration.png"}


def test_wrong_columns_and_cells_are_told(molvae: Molvae, labelled: Path, tmp_path: Path) -> None:
    fit = ["property", "fit", labelled, "-o", tmp_path / "model"]
    assert "has no column 'logS', only 'length', 'other'" in molvae(*fit, "--target", "logS", code=1).stderr
    (tmp_path / "bad.csv").write_text("smiles,y\nCCO,1\nCCN,many\n")
    fit[2] = tmp_path / "bad.csv"
    assert "line 3: 'y' must be a number or empty, got 'many'" in molvae(*fit, "--target", "y", code=1).stderr
    assert "there is no folder" in molvae("property", "predict", tmp_path / "none", labelled, code=1).stderr


def test_a_walk_along_a_property_is_a_table(molvae: Molvae, labelled: Path, model_folder: Path, tmp_path: Path) -> None:
    walk = ["property", "traverse", labelled, "--target", "length", "--kind", "ridge", "-m", model_folder]
    start = ["--from", "CC(=O)Nc1ccc(O)cc1"]
    result = molvae(*walk, *start, "--steps", "-1,0,2", "--picture", tmp_path / "walk.png", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["step"] for row in rows] == [-1, 0, 2]
    assert all((row["smiles"] is None) == (row["length"] is None) for row in rows)
    assert "direction of 60 molecules" in result.stderr
    assert (tmp_path / "walk.png").read_bytes().startswith(b"\x89PNG")
    assert "commas between" in molvae(*walk, *start, "--steps", "1;2", code=2).stderr
