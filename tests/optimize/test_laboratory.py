"""A search on files: the same folder gives the same molecules, and what cannot be right is not recorded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from molvae.errors import ConfigError, DataError, ObjectiveError
from molvae.optimize import Laboratory, LaboratorySettings, Measurement, read_journal

SETTINGS = LaboratorySettings(strategy="tanimoto-gp", planned=20, seed=3)
START = ["CCO", "CC(=O)Nc1ccc(O)cc1", "c1ccccc1O"]


def begun(folder: Path) -> Path:
    with Laboratory(folder, SETTINGS, start=START) as laboratory:
        laboratory.ask(12)
        laboratory.tell([Measurement(row.id, value=float(len(row.smiles))) for row in laboratory.proposed[:10]])
    return folder


def test_a_copied_folder_proposes_the_same_and_nothing_twice(tmp_path: Path) -> None:
    folder = begun(tmp_path / "lab")
    shutil.copytree(folder, tmp_path / "copy")
    rounds = []
    for place in (folder, tmp_path / "copy"):
        with Laboratory(place) as laboratory:
            first = {row.smiles for row in laboratory.proposed}
            rounds.append(laboratory.ask(5))
            assert first.isdisjoint(row.smiles for row in rounds[-1])
            assert [row.id for row in laboratory.pending] == ["p0011", "p0012", *(row.id for row in rounds[-1])]
            assert {row.smiles for row in laboratory.ask(5)}.isdisjoint({row.smiles for row in rounds[-1]} | first)
    assert rounds[0] == rounds[1]
    assert [row.round for row in rounds[0]] == [2] * 5


def test_told_values_are_the_best_of_the_folder(tmp_path: Path) -> None:
    folder = begun(tmp_path / "lab")
    calls = read_journal(folder / "journal.sqlite")
    assert [call.score for call in calls] == [len(call.smiles) for call in calls]
    best = max(calls, key=lambda call: call.score)
    assert (folder / "best.smi").read_text().split()[0] == best.smiles
    assert {"best.csv", "best.sdf", "best.png", "trace.csv"} <= {path.name for path in folder.iterdir()}


def test_small_values_lead_where_they_are_wanted(tmp_path: Path) -> None:
    with Laboratory(tmp_path / "lab", LaboratorySettings("minimize", "graph-ga"), start=START) as laboratory:
        laboratory.ask(2)
        laboratory.tell([Measurement("p0001", value=7.0), Measurement("p0002", value=-1.0)])
        (best,) = laboratory.objective.best()
    assert (best.smiles, dict(best.values)) == (START[1], {"measured": -1.0})


def test_missing_values_can_be_told_later_and_failures_are_final(tmp_path: Path) -> None:
    folder = begun(tmp_path / "lab")
    with Laboratory(folder) as laboratory:
        told = laboratory.tell([
            Measurement("p0011"), Measurement("p0012", value="failed"), Measurement(smiles="NCC", value=2.0),
            Measurement(smiles="C1CC", value=1.0), Measurement("p0001", value=3.0),
        ])  # fmt: skip
        assert (told.recorded, told.failed, told.known, told.missing) == (1, 1, 1, 1)
        assert told.refused == ((4, "syntax: 'C1CC' is not SMILES"),)
        assert [row.id for row in laboratory.pending] == ["p0011"]
        assert laboratory.tell([Measurement("p0011", value=0.5)]).recorded == 1
        assert "CCN" in {row.smiles for row in laboratory.objective.rows}


@pytest.mark.parametrize(
    ("measurement", "message"),
    [
        (Measurement("p0099", value=1.0), "no proposal 'p0099', known are p0001 to p0012; leave the id empty"),
        (Measurement("p0011", "CCO", 1.0), "are the rows shifted"),
        (Measurement("p0011", "C1CC", 1.0), "the row says no molecule"),
        (Measurement(value=1.0), "neither an id nor a molecule"),
        (Measurement("p0001", value=9.0), "CCO was told before, 3, and is now 9"),
        (Measurement("p0001", value="failed"), "is now failed"),
        (Measurement("p0011", value=float("inf")), "must be a finite number"),
        (Measurement(smiles="CCCl", value=6.0), "rows 1 and 2 give CCCl two values, 5 and 6"),
    ],
)
def test_what_cannot_be_right_is_refused_as_a_whole(tmp_path: Path, measurement: Measurement, message: str) -> None:
    folder = begun(tmp_path / "lab")
    with Laboratory(folder) as laboratory, pytest.raises(DataError, match=message):
        laboratory.tell([Measurement(smiles="CCCl", value=5.0), measurement])
    assert "CCCl" not in {call.smiles for call in read_journal(folder / "journal.sqlite")}


def test_strategies_that_live_in_one_go_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"strategy must be one of hybrid.*, got 'cma-es'"):
        LaboratorySettings(strategy="cma-es")


def test_a_search_goes_on_as_it_began(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no search"):
        Laboratory(tmp_path / "none")
    folder = begun(tmp_path / "lab")
    with Laboratory(folder, SETTINGS) as laboratory:
        assert len(laboratory.proposed) == 12
        with pytest.raises(ObjectiveError, match="open"):
            Laboratory(folder)
    with pytest.raises(ConfigError, match="seed 3, here it is 4"):
        Laboratory(folder, LaboratorySettings(strategy="tanimoto-gp", planned=20, seed=4))
    path = folder / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "planned": "many"}))
    with pytest.raises(ConfigError, match="planned must be int"):
        Laboratory(folder)
    path.write_text(json.dumps({"objective": "qed"}))
    with pytest.raises(ConfigError, match="whose scores are computed"):
        Laboratory(folder)
