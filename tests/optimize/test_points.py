"""Strategies on latent points: they repeat, keep the budget, learn, and leave global state alone."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from molvae.errors import MissingExtraError
from molvae.latent.space import LatentSpace
from molvae.optimize import Round, Scored, SimilarTo, build_strategy
from molvae.optimize.build import StrategyName
from molvae.optimize.run import optimize

NAMES: list[StrategyName] = ["bayesian", "turbo", "cma-es", "gradient"]
ARMS = {
    "bayesian": {"acquisition-ascent", "posterior-noise", "pcn", "slerp"}, "turbo": {"trust-region"},
    "cma-es": {"cma-es"}, "gradient": {"gradient"},
}  # fmt: skip


def state() -> tuple[object, ...]:
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist(), torch.get_default_dtype()  # noqa: NPY002


class Stop(Exception):
    """What ends a search before its budget is spent."""


def stop_early(round_: Round) -> None:
    if round_.calls >= 20:
        raise Stop


@pytest.mark.parametrize("name", NAMES)
def test_a_search_that_was_stopped_ends_as_another_of_its_seed(
    space: LatentSpace, name: StrategyName, tmp_path: Path
) -> None:
    before = state()
    settings: dict[str, Any] = {"space": space, "strategy": name, "budget": 30, "batch": 10, "seed": 1}
    whole = optimize("qed", **settings).rows
    with pytest.raises(Stop):
        optimize("qed", folder=tmp_path / "run", on_round=stop_early, **settings)
    resumed = optimize("qed", folder=tmp_path / "run", resume=True, **settings).rows
    assert state() == before
    assert [(row.smiles, row.arm, row.parents) for row in whole] == [
        (row.smiles, row.arm, row.parents) for row in resumed
    ]
    assert len({row.smiles for row in whole}) == 30
    assert ARMS[name] & {row.arm for row in whole}


@pytest.mark.parametrize("name", NAMES)
def test_failures_and_missing_values_are_survived(space: LatentSpace, name: StrategyName) -> None:
    def moody(smiles: list[str]) -> list[float | None]:
        return [None if "N" in text else float(len(text)) for text in smiles]

    rows = optimize(moody, space=space, strategy=name, budget=18, batch=6, seed=0).rows
    assert len(rows) == len({row.smiles for row in rows}) == 18
    assert {row.status for row in rows} == {"scored", "failed"}


@pytest.mark.parametrize("name", NAMES)
def test_a_function_that_is_constant_is_survived(space: LatentSpace, name: StrategyName) -> None:
    rows = optimize(lambda smiles: [1.0] * len(smiles), space=space, strategy=name, budget=18, batch=6).rows
    assert len(rows) == 18


@pytest.mark.parametrize("name", NAMES)
def test_molecules_that_must_be_similar_to_the_start_are(space: LatentSpace, name: StrategyName) -> None:
    (start,) = dict.fromkeys(space.sample(1, seed=4))
    rule = SimilarTo(start, 0.15)
    result = optimize("qed", space=space, strategy=name, start=[start], constraints=[rule], budget=20, batch=5)
    assert len(result.rows) > 5
    assert result.rows[0].smiles == start
    assert {row.status for row in result.rows} == {"scored"}


def serve(name: StrategyName, space: LatentSpace, rounds: int) -> list[str]:
    """Ask and tell by hand; a molecule is worth its length."""
    strategy = build_strategy(name, space=lambda: space, budget=40)
    asked: list[str] = []
    for round_ in range(rounds):
        smiles = [proposal.smiles for proposal in strategy.ask(6)]
        asked += smiles
        strategy.tell(told(smiles, round_))
    return asked


def told(smiles: Sequence[str], call: int) -> list[Scored]:
    return [Scored(text, "scored", score=len(text), feasible=True, call=call) for text in smiles]


@pytest.mark.parametrize("name", NAMES)
def test_molecules_are_asked_for_and_told_of_by_hand(space: LatentSpace, name: StrategyName) -> None:
    asked = serve(name, space, rounds=5)
    assert len(set(asked)) == len(asked) == 30


@pytest.mark.parametrize("name", NAMES)
def test_what_was_scored_elsewhere_is_learned_from_and_not_proposed(space: LatentSpace, name: StrategyName) -> None:
    known = list(dict.fromkeys(space.sample(60, seed=9)))
    strategy = build_strategy(name, space=lambda: space, budget=40)
    strategy.tell([*told(known, 1), Scored(None, "refused"), Scored("CCO", "failed")])
    proposals = strategy.ask(8)
    assert proposals
    assert {proposal.smiles for proposal in proposals}.isdisjoint({*known, "CCO"})
    assert {proposal.arm for proposal in proposals}.isdisjoint({"prior"})


@pytest.mark.parametrize(("name", "package"), [("bayesian", "botorch"), ("turbo", "botorch"), ("cma-es", "cma")])
def test_a_missing_library_is_named_with_the_command_that_adds_it(
    space: LatentSpace, name: StrategyName, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [module for module in sys.modules if module.split(".")[0] == package]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, package, None)
    for module in ("latent_process", "evolution_strategy"):
        monkeypatch.delitem(sys.modules, f"molvae.optimize.{module}", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'molvae\[bo\]'"):
        optimize("qed", space=space, strategy=name, budget=10)
