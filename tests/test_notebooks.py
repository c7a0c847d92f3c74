"""The notebooks: each runs from its source, and what is stored is made of that source."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "notebooks.py"
SOURCES = sorted((ROOT / "notebooks").glob("[0-9]*.py"))
IDS = [source.stem for source in SOURCES]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that executes and stores them."""
    spec = importlib.util.spec_from_file_location("notebooks_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stored(source: Path) -> Any:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)  # type: ignore[no-untyped-call]


def test_there_are_notebooks() -> None:
    assert len(SOURCES) == 7


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_what_is_stored_is_made_of_the_source(source: Path, script: ModuleType) -> None:
    """Otherwise: python scripts/notebooks.py."""
    fresh, kept = script.notebook_of(source), stored(source)
    assert [(cell.cell_type, cell.id, cell.source) for cell in kept.cells] == [
        (cell.cell_type, cell.id, cell.source) for cell in fresh.cells
    ]


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_what_is_stored_was_run_shows_pictures_and_is_small(source: Path, script: ModuleType) -> None:
    path = source.with_suffix(".ipynb")
    assert path.stat().st_size <= script.LIMIT_BYTES
    notebook = stored(source)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert all(output.output_type != "error" and output.get("name") != "stderr" for output in outputs)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert "site-packages" not in text


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_every_cell_runs(source: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--check", source.stem]
    one_thread = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, env={**os.environ, **one_thread}
    )
    assert done.returncode == 0, done.stderr[-4_000:]


def test_a_name_that_is_not_there_is_said() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "99"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "there is no notebook '99'" in done.stderr
