"""`molvae search`: the nearest rows of a library, from an index that is built once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

pytest.importorskip("usearch")
Molvae = Callable[..., Result]


@pytest.fixture(scope="module")
def library(molvae: Molvae, molecule_file: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("library") / "library.npz"
    molvae("encode", molecule_file, "-m", model_folder, "-o", out, "--threads", "1", "--workers", "1")
    return out


def test_a_molecule_of_the_library_finds_itself(
    molvae: Molvae, library: Path, model_folder: Path, molecule_file: Path
) -> None:
    smiles = molecule_file.read_text().split()[0]
    result = molvae("search", library, smiles, "-n", "3", "-m", model_folder, "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["similarity"] == 1 for row in rows] == [True, False, False]
    assert (rows[0]["row"], rows[0]["name"]) == (1, "molecule 0")
    assert (library.parent / "library.npz.index" / "index.json").is_file()


def test_queries_come_from_standard_input_and_a_refused_one_is_said(
    molvae: Molvae, library: Path, model_folder: Path
) -> None:
    result = molvae("search", library, "-", "-n", "2", "-m", model_folder, input="CCO\nc1cccc1\n")
    assert len(result.stdout.splitlines()) == 3
    assert "warning: c1cccc1 is refused" in result.stderr
    molvae("search", library, "c1cccc1", "-m", model_folder, code=1)


def test_what_holds_no_vectors_is_refused(molvae: Molvae, model_folder: Path, tmp_path: Path) -> None:
    assert "missing.npz" in molvae("search", tmp_path / "missing.npz", "C", "-m", model_folder, code=1).stderr
    (tmp_path / "x.csv").write_text("smiles\nCCO\n")
    assert "z0" in molvae("search", tmp_path / "x.csv", "C", "-m", model_folder, code=1).stderr
