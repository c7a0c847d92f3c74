"""`molvae sample`, `reconstruct`, `neighbors` and `interpolate`: what they print, write and draw."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rdkit import Chem

from molvae.chem import canonical_smiles, mol_from_canonical
from molvae.latent import LatentSpace

Molvae = Callable[..., Result]

ASPIRIN, PHENOL = "CC(=O)Oc1ccccc1C(=O)O", "c1ccccc1O"


@pytest.fixture
def call(molvae: Molvae, model_folder: Path) -> Molvae:
    def run(command: str, *arguments: str | Path, **more: object) -> Result:
        return molvae(command, *arguments, "-m", model_folder, "--threads", "1", "--workers", "1", **more)

    return run


def test_samples_are_canonical_and_the_same_for_a_seed(call: Molvae, tmp_path: Path) -> None:
    printed = call("sample", "-n", "20", "--seed", "7").stdout.splitlines()
    assert len(printed) == 20
    assert all(Chem.MolToSmiles(mol_from_canonical(smiles)) == smiles for smiles in printed)
    call("sample", "-n", "20", "--seed", "7", "-o", tmp_path / "new.smi")
    assert (tmp_path / "new.smi").read_text().splitlines() == printed
    assert call("sample", "-n", "20", "--seed", "8", "--temperature", "1").stdout.splitlines() != printed


def test_all_that_the_model_writes_may_be_taken(call: Molvae, model_folder: Path) -> None:
    space = LatentSpace.load(model_folder, threads=1, workers=1)
    printed = call("sample", "-n", "20", "--seed", "7", "--as-written").stdout.splitlines()
    assert printed == space.sample(20, seed=7, select=False)


def test_samples_for_machines_are_json_lines(call: Molvae, tmp_path: Path) -> None:
    lines = call("sample", "-n", "3", "--json").stdout.splitlines()
    assert [list(json.loads(line)) for line in lines] == [["smiles"]] * 3
    written = call("sample", "-n", "3", "--json", "-o", tmp_path / "new.csv").stdout
    assert json.loads(written) == {"output": str(tmp_path / "new.csv"), "rows": 3}


@pytest.mark.parametrize(("name", "start"), [("new.png", b"\x89PNG"), ("new.svg", b"<?xml")])
def test_samples_are_drawn(call: Molvae, tmp_path: Path, name: str, start: bytes) -> None:
    call("sample", "-n", "3", "--picture", tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_an_unknown_prior_is_one_line(call: Molvae) -> None:
    assert "prior must be one of" in call("sample", "--prior", "nothing", code=1).stderr


def test_conditions_are_met_and_the_success_rate_is_said(call: Molvae) -> None:
    result = call("sample", "-n", "5", "--condition", "logp:-2:6", "--condition", "molecular_weight::2000")
    assert len(set(result.stdout.splitlines())) == 5
    assert "molecules that the model proposed meet every wish" in result.stderr


def test_what_was_not_found_is_said(call: Molvae, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molvae.latent.conditional.TRIES", (1, 100))
    result = call("sample", "-n", "5", "--condition", "molecular_weight::1", code=1)
    assert result.stdout == ""
    assert "only 0 of 5 were found" in result.stderr


@pytest.mark.parametrize("text", ["logp", "logp:1", "logp:1:x", "logp:1:2:3"])
def test_a_condition_has_two_limits(call: Molvae, text: str) -> None:
    assert "such as logp:1:3" in call("sample", "--condition", text, code=2).stderr


def test_a_scaffold_needs_a_model_that_writes_without_z(
    molvae: Molvae, model_folder: Path, tiny: list[str], tmp_path: Path
) -> None:
    without = ["--steps", "2", "--batch-size", "32", "--null-share", "0"]
    molvae("train", model_folder.parent / "shard", "-o", tmp_path / "plain", *without, *tiny)
    stderr = molvae("sample", "--scaffold", "c1ccccc1", "-m", tmp_path / "plain", code=1).stderr
    assert "null_share" in stderr
    assert len(stderr.splitlines()) == 1


def test_a_pattern_to_keep_must_be_in_the_molecule(call: Molvae) -> None:
    assert "does not hold [Br]" in call("neighbors", ASPIRIN, "--keep", "[Br]", code=1).stderr
    assert "is not a SMARTS pattern" in call("neighbors", ASPIRIN, "--keep", "C(", code=1).stderr


def test_molecules_of_a_shard_can_be_left_out(call: Molvae, model_folder: Path) -> None:
    call("sample", "-n", "2", "--novel-to", model_folder.parent / "shard")


def test_reconstruction_keeps_every_row_and_counts(call: Molvae, molecule_file: Path) -> None:
    result = call("reconstruct", molecule_file, "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) == 302
    assert [row["status"] for row in rows[-2:]] == ["syntax", "mixture"]
    assert all(row["exact"] == (row["decoded"] is not None and row["decoded"] == canonical_smiles(row["smiles"]))
               for row in rows[:20])  # fmt: skip
    assert "of 300 molecules came back exactly, 2 rows refused" in result.stderr


def test_reconstruction_of_nothing_but_refused_rows_fails(call: Molvae) -> None:
    result = call("reconstruct", "-", input="C1CC\n", code=1)
    assert result.stdout.splitlines()[0].split("\t") == ["smiles", "decoded", "exact", "status", "name"]


def test_neighbours_have_a_similarity(call: Molvae) -> None:
    lines = call("neighbors", ASPIRIN, "-n", "3").stdout.splitlines()
    assert lines[0] == "smiles\tsimilarity"
    assert all(0 <= float(line.split("\t")[1]) <= 1 for line in lines[1:])


def test_a_path_has_its_steps_and_profile(call: Molvae) -> None:
    rows = [json.loads(line) for line in call("interpolate", ASPIRIN, PHENOL, "-n", "5", "--json").stdout.splitlines()]
    assert [row["position"] for row in rows] == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize(
    "arguments", [["neighbors", "C1CC"], ["interpolate", "CCO", "aspirin"], ["interpolate", "c1cccc1", "C"]]
)
def test_a_refused_molecule_is_one_line_with_its_reason(call: Molvae, arguments: list[str]) -> None:
    stderr = call(*arguments, code=1).stderr
    assert stderr.startswith(("molvae: error: syntax: ", "molvae: error: kekulize: "))
    assert len(stderr.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_failure(
    start_molvae: Callable[..., subprocess.Popen[str]], model_folder: Path
) -> None:
    process = start_molvae("sample", "-n", "200", "--workers", "1", "-m", model_folder)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
