"""`molvae data list` and `prepare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Molvae = Callable[..., Result]


@pytest.fixture
def prepare(molvae: Molvae, tmp_path: Path) -> Molvae:
    def run(*arguments: str | Path, **more: object) -> Result:
        return molvae("data", "prepare", *arguments, "-o", tmp_path / "shard", "--workers", "1", **more)

    return run


def test_the_list_names_every_set_and_whether_it_is_here(molvae: Molvae) -> None:
    rows = [json.loads(line) for line in molvae("data", "list", "--json").stdout.splitlines()]
    here = {row["name"]: row["here"] for row in rows}
    assert here["wehi10k"] is True
    assert set(here) >= {"moses", "zinc250k", "nci", "chembl2321810"}
    assert molvae("data", "list").stdout.startswith("name\tmolecules\there\t")


def test_a_file_becomes_a_shard_and_refused_rows_a_table(prepare: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    result = prepare(molecule_file, "--rejected", tmp_path / "refused.csv", "--json")
    report = json.loads(result.stdout)
    assert report["rows"]["read"] == report["molecules"] + report["rows"]["duplicates"] + 2 == 302
    assert len((tmp_path / "refused.csv").read_text().splitlines()) == 3
    assert result.stderr == ""  # no bar in a pipe


def test_options_standardize_and_overrule_the_settings_file(prepare: Molvae, molvae: Molvae, tmp_path: Path) -> None:
    (tmp_path / "salts.smi").write_text("CCCO.Cl\nCCCCCCC\nC[C@H](F)Cl\n")
    (tmp_path / "settings.toml").write_text("[standardization]\nmax_atoms = 100\nkeep_stereo = false\n")
    arguments = [tmp_path / "salts.smi", "--settings", tmp_path / "settings.toml", "--max-atoms", "5"]
    report = json.loads(prepare(*arguments, "--largest-fragment", "--json").stdout)["rows"]
    assert (report["kept"], report["refused"]) == (2, {"too_large": 1})
    assert report["notes"]["largest_fragment"] == 1
    assert (tmp_path / "shard" / "smiles.smi").read_text().splitlines() == ["CCCO", "CC(F)Cl"]


def test_molecules_of_another_file_can_be_left_out(prepare: Molvae, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("id,SMILES\n1,CCO\n2,CCN\n3,OCC\n")
    (tmp_path / "test.smi").write_text("NCC\n")
    report = json.loads(prepare(tmp_path / "train.csv", "--exclude", tmp_path / "test.smi", "--json").stdout)["rows"]
    assert (report["kept"], report["duplicates"], report["excluded"]) == (1, 1, 1)


def test_a_shard_of_other_molecules_is_kept_unless_overwritten(prepare: Molvae, tmp_path: Path) -> None:
    one, other = tmp_path / "one.smi", tmp_path / "other.smi"
    one.write_text("CCO\n")
    other.write_text("CCN\n")
    prepare(one)
    prepare(one)
    assert "overwrite" in prepare(other, code=1).stderr
    prepare(other, "--overwrite")
    assert (tmp_path / "shard" / "smiles.smi").read_text() == "CCN\n"


def test_a_shard_can_be_looked_at(prepare: Molvae, molvae: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    prepare(molecule_file)
    about = json.loads(molvae("info", tmp_path / "shard", "--json").stdout)
    assert about["kind"] == "token shard"
    assert about["sources"][0]["name"] == "library.smi"
    assert "2 rejected (mixture 1, syntax 1)" in molvae("info", tmp_path / "shard").stdout


def test_shards_become_one_and_keep_their_sources(prepare: Molvae, molvae: Molvae, tmp_path: Path) -> None:
    for name, smiles in (("one", "CCO"), ("two", "OCC\nCCN")):
        (tmp_path / f"{name}.smi").write_text(f"{smiles}\n")
        molvae("data", "prepare", tmp_path / f"{name}.smi", "-o", tmp_path / name, "--workers", "1")
    about = json.loads(
        molvae("data", "merge", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "all", "--json").stdout
    )
    assert (about["molecules"], about["rows"]["duplicates"]) == (2, 1)
    sources = json.loads(molvae("info", tmp_path / "all", "--json").stdout)["sources"]
    assert [(source["name"], source["molecules"]) for source in sources] == [("one.smi", 1), ("two.smi", 1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["wehi11k"], "there is no data set 'wehi11k'; did you mean 'wehi10k'?"),
        (["wehi10k", "--split", "test"], "wehi10k has no split 'test'"),
        (["wehi10k", "--max-atoms", "0"], "max_atoms must be"),
        (["missing.csv"], "missing.csv cannot be read"),
        (["molecules.xlsx"], "molecules.xlsx cannot be read"),
    ],
)
def test_what_cannot_be_prepared_is_one_line(prepare: Molvae, arguments: list[str], message: str) -> None:
    stderr = prepare(*arguments, code=1).stderr
    assert message in stderr
    assert len(stderr.splitlines()) == 1
