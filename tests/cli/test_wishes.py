"""What is wanted of the molecules of a search, on the command line: each wish holds for each molecule that is found."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rdkit import Chem

from molvae.chem.descriptors import descriptor_function
from molvae.chem.similarity import SimilarityTo

Molvae = Callable[..., Result]

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"
START = [PARACETAMOL, "CC(=O)Nc1ccc(OC)cc1", "CC(=O)Nc1ccc(O)c(C)c1", "CC(=O)Nc1ccc([N+](=O)[O-])cc1", "CCCCCCCCCC"]


@pytest.fixture
def search(molvae: Molvae, tmp_path: Path) -> Callable[..., list[dict[str, str]]]:
    start = tmp_path / "start.smi"
    start.write_text("\n".join(START))

    def run(*options: object, folder: str = "run") -> list[dict[str, str]]:
        fixed = ["--strategy", "graph-ga", "--budget", "20", "--start", start, "--library", start]
        molvae("optimize", *fixed, *options, "-o", tmp_path / folder)
        with (tmp_path / folder / "best.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))

    return run


def test_every_molecule_is_as_it_must_be(search: Callable[..., list[dict[str, str]]]) -> None:
    rows = search(
        "--objective", "qed", "--require", "c1ccccc1", "--forbid", "[N+](=O)[O-]", "--similar-to", PARACETAMOL,
        "--similarity", "0.3", "--condition", "logp:0.5:3", "--max-atoms", "20", "--no-alerts",
    )  # fmt: skip
    assert len(rows) >= 5
    for row in rows:
        mol = Chem.MolFromSmiles(row["smiles"])
        assert mol.HasSubstructMatch(Chem.MolFromSmarts("c1ccccc1"))
        assert not mol.HasSubstructMatch(Chem.MolFromSmarts("[N+](=O)[O-]"))
        assert SimilarityTo(PARACETAMOL)(mol) >= 0.3
        assert 0.5 <= descriptor_function("logp")(mol) <= 3
        assert mol.GetNumHeavyAtoms() <= 20
        assert row["alerts"] == ""


def test_small_values_are_sought_where_they_are_wanted(search: Callable[..., list[dict[str, str]]]) -> None:
    large, small = (
        search("--objective", "logp", *options, folder=folder)
        for options, folder in (((), "large"), (("--minimize", "logp"), "small"))
    )
    values = [
        [descriptor_function("logp")(Chem.MolFromSmiles(row["smiles"])) for row in rows] for rows in (large, small)
    ]
    assert values[0] == sorted(values[0], reverse=True)
    assert values[1] == sorted(values[1])


def test_several_objectives_leave_a_front(search: Callable[..., list[dict[str, str]]], tmp_path: Path) -> None:
    search("--objective", "qed", "--objective", "sa_score", "--combination", "pareto")
    with (tmp_path / "run" / "pareto.csv").open(newline="") as stream:
        front = [(float(row["qed"]), -float(row["sa_score"])) for row in csv.DictReader(stream)]
    assert front
    assert not any(a != b and a[0] <= b[0] and a[1] <= b[1] for a in front for b in front)


def test_the_settings_of_a_run_repeat_its_wishes(
    search: Callable[..., list[dict[str, str]]], molvae: Molvae, tmp_path: Path
) -> None:
    wishes = ["--forbid", "[OX2H]", "--condition", "molecular_weight::250", "--minimize", "logp"]
    rows = search("--objective", "logp", "--objective", "qed", *wishes)
    again = molvae("optimize", "--settings", tmp_path / "run" / "settings.toml", "-o", tmp_path / "again", "--json")
    assert [json.loads(line)["smiles"] for line in again.stdout.splitlines()] == [row["smiles"] for row in rows[:10]]


@pytest.mark.parametrize(
    ("options", "told", "code"),
    [
        (["--condition", "logp:1"], "two limits", 2),
        (["--condition", "log:1:2"], "did you mean 'logp'", 1),
        (["--require", "c1cc"], "c1cc", 1),
        (["--similar-to", "C1C"], "C1C", 1),
        (["--minimize", "sa"], "there is no such objective; there are qed", 2),
    ],
)
def test_an_impossible_wish_is_refused(
    molvae: Molvae, tmp_path: Path, options: list[str], told: str, code: int
) -> None:
    result = molvae("optimize", "--objective", "qed", *options, "-o", tmp_path / "run", code=code)
    assert told in result.stderr
    assert not (tmp_path / "run").exists()
