"""The figure of PMO against an independent statement of it, and a benchmark that does no search twice."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molvae.benchmarks.pmo import auc_top10, run_pmo, table, tasks_of
from molvae.errors import ConfigError
from molvae.optimize import PMO_TASKS


def as_published(scores: list[float], budget: int) -> float:
    """Return `top_auc` of the program of the PMO paper, with top_n 10, finish True and freq_log 100."""
    area, previous, called = 0.0, 0.0, 0
    for index in range(100, min(len(scores), budget), 100):
        now = float(np.mean(sorted(scores[:index], reverse=True)[:10]))
        area += 100 * (now + previous) / 2
        previous, called = now, index
    now = float(np.mean(sorted(scores, reverse=True)[:10]))
    area += (len(scores) - called) * (now + previous) / 2
    return (area + (budget - len(scores)) * now) / budget


@pytest.mark.parametrize(("count", "budget"), [(1_000, 1_000), (1_000, 10_000), (970, 1_000), (30, 100), (100, 100)])
def test_the_figure_is_that_of_the_published_program(count: int, budget: int) -> None:
    scores = np.random.default_rng(count).random(count).tolist()
    assert auc_top10(scores, budget) == pytest.approx(as_published(scores, budget))


def test_what_has_no_score_counts_as_nothing() -> None:
    assert auc_top10([math.nan] * 50, 100) == 0
    assert auc_top10([], 100) == 0
    assert auc_top10([math.nan, *[1.0] * 99], 100) == 0.5


def test_all_tasks_have_one_name() -> None:
    assert tasks_of(["qed", "rdkit20"]) == ["qed", *(task for task in PMO_TASKS if task != "qed")]
    with pytest.raises(ConfigError, match="no task 'jnk3'"):
        tasks_of(["jnk3"])


def test_a_benchmark_runs_each_search_once(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"tasks": ["qed", "median1"], "strategy": "graph-ga", "seeds": 2}
    runs = run_pmo(tmp_path, budget=20, **settings)
    assert [(run.task, run.seed) for run in runs] == [("qed", 0), ("median1", 0), ("qed", 1), ("median1", 1)]
    assert {run.calls for run in runs} == {20}
    assert run_pmo(tmp_path, budget=20, **settings) == runs
    rows = {str(row["task"]): row for row in table(runs)}
    assert rows["qed"]["auc_top10"] == pytest.approx(np.mean([runs[0].auc_top10, runs[2].auc_top10]))
    sums = [runs[0].auc_top10 + runs[1].auc_top10, runs[2].auc_top10 + runs[3].auc_top10]
    assert rows["sum of 2"]["auc_top10"] == pytest.approx(np.mean(sums))
    assert rows["sum of 2"]["sd"] == pytest.approx(np.std(sums, ddof=1))
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 4
    with pytest.raises(ConfigError, match="budget 20, here it is 30"):
        run_pmo(tmp_path, budget=30, **settings)
