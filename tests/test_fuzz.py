"""The targets of `scripts/fuzz.py`, a few inputs each; and that the harness sees a hang, a crash and a wrong error."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import time
import types
from pathlib import Path
from random import Random
from typing import Any

import pytest

FEW = 40  # inputs of each target; the script takes a hundred thousand


def script(project_root: Path, name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"scripts.{name}", project_root / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def targets(project_root: Path) -> types.ModuleType:
    return script(project_root, "fuzz_targets")


@pytest.fixture(scope="module")
def fuzz(project_root: Path, targets: types.ModuleType) -> types.ModuleType:
    return script(project_root, "fuzz")


@pytest.fixture(scope="module")
def stock(targets: types.ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return targets.Stock.build(tmp_path_factory.mktemp("stock"))


NAMES = (
    "smiles", "tokens", "selfies", "rows.smi", "rows.csv", "rows.tsv", "rows.sdf", "rows.parquet", "rows.csv.gz",
    "vectors.npz", "vectors.npy", "vectors.csv", "vectors.parquet", "vectors.csv.gz", "checkpoint", "property-ridge",
    "property-forest", "property-gp", "property-mlp", "state", "shard", "journal", "metrics", "settings",
)  # fmt: skip


def test_these_are_all_targets(targets: types.ModuleType) -> None:
    assert tuple(targets.all_targets()) == NAMES


@pytest.mark.filterwarnings("default")  # of pandas and numpy, about what a damaged file holds
@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_input_is_taken_or_refused_with_the_error_that_belongs_there(
    targets: types.ModuleType, stock: Any, name: str
) -> None:
    target = targets.all_targets()[name]
    outcomes = [target(Random(f"{name} {number}"), stock) for number in range(FEW)]
    assert False in outcomes


def hostile(chance: Random, stock: object) -> bool:
    """Stand for a reader that does each of the things that it must not do, one input after the other."""
    match chance.randrange(5):
        case 0:
            raise ZeroDivisionError
        case 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case 2:
            while True:
                time.process_time()
    return True


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the child only runs what follows
def test_the_harness_finds_what_a_reader_must_not_do(
    fuzz: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 0.1)
    until = time.monotonic() + 60
    row = fuzz.fuzz("hostile", hostile, None, first=0, end=20, until=until, folder=tmp_path)
    kinds = [Random(f"hostile {number}").randrange(5) for number in range(20)]
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert row.inputs == 20
    assert row.findings == len(found) == sum(kind < 3 for kind in kinds)
    words = ("ZeroDivisionError", "exit code -9", "more than 0.1 s of processor time")
    for number, kind in enumerate(kinds):
        assert kind > 2 or words[kind] in found[f"hostile-{number}.txt"]
