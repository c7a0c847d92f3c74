"""Constrained optimization: every molecule keeps its similarity, failures count, and no start is done twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from molvae.benchmarks.constrained import Improvement, run_constrained, table
from molvae.chem.lipophilicity import penalized_logp
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.similarity import SimilarityTo
from molvae.errors import ConfigError

STARTS = ["COc1cc2c(cc1OC)CC([NH3+])C2", "CC[NH+]1CC[C@@H](CNCc2cccnc2)C1"]


def test_what_is_found_is_similar_better_and_within_the_cap(tmp_path: Path) -> None:
    found = run_constrained(tmp_path, STARTS, deltas=(0.6, 0.2), budget=60)
    assert [(one.row, one.delta) for one in found] == [(1, 0.6), (1, 0.2), (2, 0.6), (2, 0.2)]
    for one in found:
        assert one.smiles != one.start
        assert one.score is not None
        assert one.similarity is not None
        mol = mol_from_canonical(one.smiles)
        assert SimilarityTo(one.start)(mol) == pytest.approx(one.similarity)
        assert one.similarity >= one.delta
        assert penalized_logp(mol) == pytest.approx(one.score)
        assert mol.GetNumHeavyAtoms() <= 38
        assert one.calls <= 60 * (1 if one.delta == 0.6 else 2)
    assert found[1].gain >= found[0].gain >= 0  # the wider search begins with what the narrower one found


def test_a_killed_benchmark_goes_on_and_gives_the_same(tmp_path: Path) -> None:
    whole = run_constrained(tmp_path / "whole", STARTS, deltas=(0.4,), budget=20)
    run_constrained(tmp_path / "cut", STARTS[:1], deltas=(0.4,), budget=20)
    results = tmp_path / "cut" / "results.jsonl"
    results.write_text(results.read_text() + '{"row": 2, "del')  # a kill in the midst of a line
    done: list[int] = []
    again = run_constrained(
        tmp_path / "cut", STARTS, deltas=(0.4,), budget=20, on_molecule=lambda found: done.append(found[0].row)
    )
    assert again == whole
    assert done == [2]
    assert len([json.loads(line) for line in results.read_text().splitlines()]) == 2
    with pytest.raises(ConfigError, match="budget 20, here it is 30"):
        run_constrained(tmp_path / "cut", STARTS, deltas=(0.4,), budget=30)
    with pytest.raises(ConfigError, match="other molecules: its row 1"):
        run_constrained(tmp_path / "cut", STARTS[::-1], deltas=(0.4,), budget=20)


def test_failures_count_in_the_mean_over_all_and_not_in_the_published_one() -> None:
    found = [
        Improvement(1, 0.4, "C", -1.0, "CC", 2.0, 0.5, 10),
        Improvement(2, 0.4, "N", -1.0, "CN", -3.0, 0.7, 10),
        Improvement(3, 0.4, "O", -1.0, "", None, None, 10),
    ]
    (row,) = table(found)
    assert (row["molecules"], row["success"], row["improvement"]) == (3, pytest.approx(1 / 3), 3.0)
    assert (row["improvement_of_all"], row["similarity"], row["published_moflow"]) == (1.0, 0.5, 4.71)
