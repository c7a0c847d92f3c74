"""The objective: each molecule costs one call, the budget is exact, and everything is recorded."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.settings import Standardization
from molvae.errors import ConfigError, ObjectiveError
from molvae.optimize.constraints import Constraint, Lacks, ValueRange, max_atoms
from molvae.optimize.curves import AtLeast, Ramp
from molvae.optimize.goals import Goal
from molvae.optimize.journal import read_journal
from molvae.optimize.objective import Objective
from molvae.optimize.tasks import PMO_TASKS

ALKANES = ["C" * length for length in range(1, 31)]
MIXED = ["CCO", "OCC", "C(O)C", "CCN", "NCC", "CCC", "C1CC", "", None, "CCO.CCN", "[Na]", "c1ccccc1", "C1=CC=CC=C1"]
KEYS = {"CCO", "CCN", "CCC", "c1ccccc1"}  # of what the gate takes


class Counting:
    """Scores by length, and counts how often each molecule reaches it."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(self, smiles: list[str]) -> list[float]:
        self.seen.update(smiles)
        return [float(len(text)) for text in smiles]


@given(st.lists(st.lists(st.sampled_from(MIXED), max_size=12), max_size=5), st.integers(0, 6))
def test_whatever_is_asked_each_molecule_costs_one_call_within_the_budget(asked: list[list[str]], budget: int) -> None:
    function = Counting()
    with Objective(function, budget=budget) as objective:
        for smiles in asked:
            left = objective.budget_left
            rows = objective.evaluate(smiles)
            assert len(rows) == len(smiles)
            assert left - objective.budget_left == sum(row.fresh for row in rows)
            for text, row in zip(smiles, rows, strict=True):
                assert (row.status == "refused") == (text not in ("CCO", "OCC", "C(O)C", "CCN", "NCC", "CCC",
                                                                  "c1ccccc1", "C1=CC=CC=C1"))  # fmt: skip
                assert row.status != "scored" or row.score == len(row.smiles or "")
                assert (row.status == "scored") == (row.call > 0)
        assert set(function.seen) <= KEYS
        assert set(function.seen.values()) <= {1}
        assert objective.calls == len(function.seen) <= budget
        assert objective.budget_left == budget - objective.calls
        assert [row.call for row in objective.rows] == list(range(1, objective.calls + 1))


def test_the_budget_goes_to_the_first_and_repeats_stay_free() -> None:
    objective = Objective(Counting(), budget=2)
    rows = objective.evaluate(["CC", "C1C", "CC", "C", "CCC", "C"])
    assert [row.status for row in rows] == ["scored", "refused", "scored", "scored", "unaffordable", "scored"]
    assert [row.fresh for row in rows] == [True, False, False, True, False, False]
    assert rows[4].reason == "the budget of 2 calls is spent"
    assert objective.evaluate(["CC"])[0].score == 2
    assert objective.budget_left == 0


def test_without_a_budget_there_is_no_end() -> None:
    objective = Objective(Counting())
    objective.evaluate(ALKANES)
    assert (objective.calls, objective.budget, objective.budget_left) == (30, None, math.inf)


def test_failures_cost_a_call_are_recorded_and_have_no_score(tmp_path: Path) -> None:
    answers = {"C": math.nan, "CC": None, "CCC": math.inf, "CCCC": 4.0}

    def shaky(smiles: list[str]) -> list[float | None]:
        if "CCCCC" in smiles:
            raise ValueError("too long")
        return [answers[text] for text in smiles]

    with Objective(shaky, journal=tmp_path / "journal.db") as objective:
        rows = objective.evaluate(ALKANES[:5])
        assert [row.status for row in rows] == ["failed", "failed", "failed", "scored", "failed"]
        assert [row.reason for row in rows] == [
            "the objective returned shaky nan", "the objective returned None", "the objective returned shaky inf", "",
            "ValueError: too long",
        ]  # fmt: skip
        assert all(math.isnan(row.score) for row in rows if row.status == "failed")
        assert objective.calls == 5
        assert [row.smiles for row in objective.best(10)] == ["CCCC"]
        assert [row.status for row in objective.evaluate(ALKANES[:5])] == [row.status for row in rows]  # not again
    assert [call.failure for call in read_journal(tmp_path / "journal.db")] == [row.reason for row in rows]


def test_the_first_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    Objective(lambda smiles: [None] * len(smiles)).evaluate(ALKANES[:3])
    assert [record.message for record in caplog.records] == [
        "the first molecule without a score, C: the objective returned None"
    ]


def test_cheap_constraints_spend_no_call_and_costly_ones_only_judge() -> None:
    function = Counting()
    rules: list[Constraint | ValueRange] = [max_atoms(4), Lacks("O"), ValueRange("size", high=3)]
    objective = Objective(function, goals={"size": "maximize"}, constraints=rules, budget=10)
    asked = ["CCC", "CCCC", "CCCCC", "CCO", "CCCCO"]
    assert objective.screen(asked) == ["", "", "heavy_atoms 5, above 4", "has O", "heavy_atoms 5, above 4; has O"]
    rows = objective.evaluate(asked)
    assert [row.status for row in rows] == ["scored", "scored", "infeasible", "infeasible", "infeasible"]
    assert [(row.score, row.feasible, row.reason) for row in rows[:2]] == [(3, True, ""), (4, False, "size 4, above 3")]
    assert function.seen == {"CCC": 1, "CCCC": 1}
    assert [row.smiles for row in objective.best(5)] == ["CCC"]
    assert objective.value_ranges == (rules[2],)


def test_a_named_objective_brings_its_cap() -> None:
    rows = Objective("penalized_logp").evaluate(["C" * 38, "C" * 39])
    assert [row.status for row in rows] == ["scored", "infeasible"]


def test_more_is_better_also_where_less_is_wanted() -> None:
    [row] = Objective("sa_score").evaluate(["CCO"])
    assert row.score == -row.values["sa_score"] == row.wanted[0] < 0
    [row] = Objective(Counting(), goals="minimize").evaluate(["CCO"])
    assert (row.score, row.values) == (-3, {"score": 3})


def test_several_goals_make_one_score_and_keep_their_values() -> None:
    goals = {"size": Goal(curve=Ramp(end=10), weight=3), "qed": Goal(curve=AtLeast(0.9, sigma=0.3))}
    objective = Objective({"size": Counting(), "qed": "qed"}, goals=goals, combination="product")
    [row] = objective.evaluate(["CCO"])
    assert list(row.values) == ["size", "qed"]
    assert list(row.wanted) == pytest.approx([0.3, AtLeast(0.9, sigma=0.3)(row.values["qed"])])
    assert row.score == pytest.approx(0.3**3 * row.wanted[1])
    assert list(objective.goals) == ["size", "qed"]


def test_a_table_of_values_needs_goals_or_none_at_all() -> None:
    def two(smiles: list[str]) -> list[dict[str, float]]:
        return [{"a": 1.0, "b": len(text)} for text in smiles]

    with pytest.raises(ObjectiveError, match=r"'a', 'b', and the goals are 'two'; .* goals=\{'a': 'maximize'\}"):
        Objective(two).evaluate(["CCO"])
    assert Objective(two, goals={"b": "minimize"}).evaluate(["CCO"])[0].score == -3
    recorded = Objective(two, goals={})
    [row] = recorded.evaluate(["CCO"])
    assert (row.status, row.values, math.isnan(row.score), recorded.best()) == ("scored", {"a": 1, "b": 3}, True, [])


def test_best_and_trace_follow_the_calls() -> None:
    scores = {"C": 1.0, "CC": 5.0, "CCC": math.nan, "CCCC": 3.0, "CCCCC": 5.0}
    objective = Objective(lambda smiles: [scores[text] for text in smiles])
    assert objective.trace().shape == (0,)
    objective.evaluate(list(scores))
    assert [row.smiles for row in objective.best(3)] == ["CC", "CCCCC", "CCCC"]
    np.testing.assert_array_equal(objective.trace(), [1, 5, 5, 5, 5])
    np.testing.assert_array_equal(objective.trace(2), [1, 3, 3, 4, 5])
    np.testing.assert_array_equal(Objective(lambda smiles: [None]).trace(10), [])


def test_where_a_molecule_comes_from_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Objective(Counting(), journal=path) as objective:
        objective.evaluate(["CC", "CCC"], arm=["prior", "ga"], parents=[[], ["CC", "C"]], model_hash="abc")
        objective.evaluate(["CCCC", "CC"], arm="late")
        assert [(row.arm, row.parents, row.model_hash) for row in objective.rows] == [
            ("prior", (), "abc"), ("ga", ("CC", "C"), "abc"), ("late", (), ""),
        ]  # fmt: skip
        before = objective.rows
    assert [(call.number, call.smiles, call.arm, call.parents) for call in read_journal(path)] == [
        (1, "CC", "prior", ()), (2, "CCC", "ga", ("CC", "C")), (3, "CCCC", "late", ()),
    ]  # fmt: skip
    with Objective(Counting(), journal=path) as again:
        assert again.rows == before
    with pytest.raises(ValueError, match="arm must have one entry for each of 2 molecules, got 1"):
        Objective(Counting()).evaluate(["C", "CC"], arm=["a"])
    with pytest.raises(ValueError, match="parents must have one entry for each of 2 molecules, got 1"):
        Objective(Counting()).evaluate(["C", "CC"], parents=[[]])


def test_a_journal_is_gone_on_with_and_its_calls_count(tmp_path: Path) -> None:
    path, function = tmp_path / "journal.db", Counting()
    with Objective(function, budget=5, journal=path) as objective:
        objective.evaluate(ALKANES[:3])
    with Objective(function, budget=5, journal=path) as objective:
        assert (objective.calls, objective.budget_left) == (3, 2)
        rows = objective.evaluate(ALKANES[:8])
    assert [row.fresh for row in rows] == [False] * 3 + [True] * 2 + [False] * 3
    assert [row.status for row in rows[5:]] == ["unaffordable"] * 3
    assert set(function.seen.values()) == {1}
    with Objective(function, budget=2, journal=path) as objective:  # less than was spent
        assert (objective.calls, objective.budget_left) == (5, 0)
    with pytest.raises(ObjectiveError, match="journal of another objective: its combination"):
        Objective(function, journal=path, combination="product")
    with pytest.raises(ObjectiveError, match="its constraints"):
        Objective(function, journal=path, constraints=[max_atoms(5)])
    with pytest.raises(ObjectiveError, match="its objective"):
        Objective("qed", journal=path)


def test_a_replayed_search_sees_what_it_saw_the_first_time(tmp_path: Path) -> None:
    def search(objective: Objective, rounds: int) -> list[object]:
        seen: list[object] = []
        for number in range(rounds):
            rows = objective.evaluate(ALKANES[number : number + 4])
            seen += [objective.calls, objective.budget_left, *((row.smiles, row.call, row.fresh) for row in rows)]
        return seen

    whole = search(Objective(Counting(), budget=9), rounds=8)
    function, path = Counting(), tmp_path / "journal.db"
    with Objective(function, budget=9, journal=path) as objective:
        search(objective, rounds=3)
    with Objective(function, budget=9, journal=path, replay=True) as objective:
        assert (objective.calls, objective.rows) == (0, [])
        assert search(objective, rounds=8) == whole
    assert function.seen == Counter(ALKANES[:9])


def test_a_replay_that_goes_another_way_keeps_the_budget(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    function, path = Counting(), tmp_path / "journal.db"
    with Objective(function, budget=6, journal=path) as objective:
        objective.evaluate(ALKANES[:4])
    with Objective(function, budget=6, journal=path, replay=True) as objective:
        objective.evaluate(ALKANES[:1])
        rows = objective.evaluate(ALKANES[10:20])
        assert [row.status for row in rows] == ["scored"] * 2 + ["unaffordable"] * 8
        assert objective.calls == 6
    assert function.seen.total() == 6
    assert "does not repeat the journal, 3 calls of which it skips" in caplog.text


def test_two_objectives_in_one_process_do_not_meet() -> None:
    alone = {name: PMO_TASKS[name]()(ALKANES) for name in ("deco_hop", "scaffold_hop")}
    together: dict[str, list[float]] = {}

    def run(name: str) -> None:
        objective = Objective(name)
        together[name] = [objective.evaluate([smiles])[0].score for smiles in ALKANES]

    threads = [threading.Thread(target=run, args=(name,)) for name in alone]
    _run_all(threads)
    assert together == alone


def test_threads_that_share_an_objective_share_its_budget() -> None:
    function = Counting()
    objective = Objective(function, budget=20)
    threads = [threading.Thread(target=lambda: [objective.evaluate([text]) for text in ALKANES]) for _ in range(4)]
    _run_all(threads)
    assert (objective.calls, set(function.seen.values())) == (20, {1})


def _run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_processes_give_the_same_rows_with_the_same_numbers() -> None:
    def content(objective: Objective) -> list[object]:
        return [(row.smiles, row.call, row.score) for row in objective.rows]

    here, outside = Objective("qed"), Objective("qed", workers=2, chunk_size=3)
    for objective in (here, outside):
        with objective:
            objective.evaluate(ALKANES[:7])
            objective.evaluate(ALKANES)
    assert content(here) == content(outside)


def test_the_gate_is_that_of_the_model() -> None:
    flat = Objective(Counting(), standardization=Standardization(keep_stereo=False))
    assert {row.smiles for row in flat.evaluate(["C[C@H](N)O", "C[C@@H](N)O"])} == {"CC(N)O"}
    assert flat.calls == 1


def test_an_interrupted_call_loses_only_its_chunk() -> None:
    def interrupted(smiles: list[str]) -> list[float]:
        if "CCC" in smiles:
            raise KeyboardInterrupt
        return [1.0] * len(smiles)

    objective = Objective(interrupted, chunk_size=1)
    with pytest.raises(KeyboardInterrupt):
        objective.evaluate(ALKANES[:5])
    assert [row.smiles for row in objective.rows] == ["C", "CC"]
    assert [row.fresh for row in objective.evaluate(["CCCC", "C"])] == [True, False]


@pytest.mark.parametrize(
    ("make", "why"),
    [(lambda: Objective("qed", budget=-1), "budget must be at least 0"),
     (lambda: Objective("qed", combination="sum"), "combination must be one of"),  # type: ignore[arg-type]
     (lambda: Objective("qed", goals="up"), "direction must be"),  # type: ignore[arg-type]
     (lambda: Objective("quod"), "there is no objective 'quod'")],
)  # fmt: skip
def test_impossible_objectives_are_refused(make: Callable[[], Objective], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        make()


def test_a_goal_for_a_value_that_the_function_does_not_return_is_named() -> None:
    objective = Objective(
        {"own": lambda smiles: [{"size": 1.0} for _ in smiles], "qed": "qed"},
        goals={"size": "maximize", "qed": "maximize"},
        budget=3,
    )
    (row,) = objective.evaluate(["CCO"])
    assert row.reason.endswith("own.size 1, qed 0.4068; there are goals for 'size'")
