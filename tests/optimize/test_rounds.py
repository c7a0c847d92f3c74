"""Searches: an exact budget, the same for a seed, never a molecule twice, and not worse than chance."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import molvae
from molvae.errors import ConfigError
from molvae.optimize import Objective, Proposal, Scored, build_strategy, search
from molvae.optimize.build import StrategyName
from molvae.optimize.constraints import max_atoms
from molvae.optimize.run import optimize

NAMES: list[StrategyName] = ["tanimoto-gp", "graph-ga", "random"]
START = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC"]


@pytest.fixture(scope="module")
def library(wehi_smiles: list[str]) -> list[str]:
    return [smiles for smiles in wehi_smiles[:300] if "." not in smiles]


def found(
    name: StrategyName, library: list[str], *, seed: int, target: object = "qed", budget: int = 45
) -> list[Scored]:
    result = optimize(target, strategy=name, library=library, start=START, budget=budget, seed=seed, batch=15)
    return result.rows


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_the_search_and_the_budget_is_exact(name: StrategyName, library: list[str]) -> None:
    first, again, other = (found(name, library, seed=seed) for seed in (1, 1, 2))
    assert [row.smiles for row in first] == [row.smiles for row in again] != [row.smiles for row in other]
    assert [row.call for row in first] == list(range(1, 46))
    assert len({row.smiles for row in first}) == 45
    assert [row.arm for row in first[:4]] == ["start"] * 4


def test_learning_beats_chance(library: list[str]) -> None:
    target = "rediscovery:CC(=O)Nc1ccc(OC(C)=O)cc1"
    chance, learned = (
        sorted(row.score for row in found(name, library, seed=0, target=target, budget=75))[-10:]
        for name in ("random", "tanimoto-gp")
    )
    assert np.mean(learned) > np.mean(chance) + 0.1


def test_failures_and_nan_are_survived_and_not_proposed_again(library: list[str]) -> None:
    def moody(smiles: list[str]) -> list[float | None]:
        return [None if "N" in text else math.nan if "S" in text else float(len(text)) for text in smiles]

    rows = found("tanimoto-gp", library, seed=0, target=moody)
    assert len(rows) == len({row.smiles for row in rows}) == 45
    assert {row.status for row in rows} == {"scored", "failed"}


def test_infeasible_molecules_cost_no_call(library: list[str]) -> None:
    objective = Objective("qed", constraints=[max_atoms(14)], budget=30)
    result = optimize(objective, strategy="tanimoto-gp", library=library, start=START, batch=15)
    assert len(result.rows) == 30
    assert {row.status for row in result.rows} == {"scored"}


def test_a_search_ends_where_nothing_new_is_found() -> None:
    result = optimize("qed", strategy="random", library=["CCO", "CCN", "OCC"], budget=50)
    assert {row.smiles for row in result.rows} == {"CCO", "CCN"}


class Stubborn:
    """A strategy of one who proposes the same molecules, refused ones among them, whatever it is told."""

    def ask(self, n: int) -> list[Proposal]:
        return [Proposal(smiles, "stubborn") for smiles in ("CCO", "C1CC", "CCN")][:n]

    def tell(self, rows: Sequence[Scored]) -> None:
        self.told = rows


def test_a_round_counts_what_cost_no_call() -> None:
    rounds = list(search(Objective("qed", budget=5), Stubborn(), batch=3))
    assert [round_.calls for round_ in rounds][:2] == [2, 2]
    assert rounds[1].duplicates == 4
    assert len(rounds) == 21


def test_strategies_serve_those_who_evaluate_by_hand(library: list[str]) -> None:
    strategy = build_strategy("tanimoto-gp", space=molvae.load, library=library, start=START, budget=40)
    asked: list[str] = []
    for round_ in range(3):
        smiles = [proposal.smiles for proposal in strategy.ask(10)]
        asked += smiles
        strategy.tell([Scored(text, "scored", score=len(text), feasible=True, call=round_) for text in smiles])
    assert len(set(asked)) == 30


def test_the_package_is_the_function() -> None:
    module = importlib.import_module("molvae.optimize")
    result = molvae.optimize("qed", strategy="random", library=START, budget=3)
    assert len(result.rows) == 3
    assert vars(molvae)["optimize"] is module
    assert module.Objective is Objective
    assert "optimize" in dir(molvae)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"strategy": "bayes"}, "strategy must be one of"), ({"strategy": "graph-ga", "mode": "latent"}, "mode"),
     ({"strategy": "random", "library": "CCO"}, "lists of SMILES"),
     ({"strategy": "random", "budget": -1, "library": []}, "budget")],
)  # fmt: skip
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        optimize("qed", **settings)


def test_an_objective_needs_a_budget_and_keeps_its_settings() -> None:
    with pytest.raises(ConfigError, match="no budget"):
        optimize(Objective("qed"), strategy="random", library=START)
    with pytest.raises(ConfigError, match="timeout"):
        optimize(Objective("qed", budget=3), strategy="random", library=START, timeout=1)
