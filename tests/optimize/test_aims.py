"""Trade-offs: the scalarization of BoTorch, fronts and hypervolumes of a naive count, and searches between goals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from molvae.latent.space import LatentSpace
from molvae.optimize import Objective, Scored, ValueRange
from molvae.optimize.aims import Aim, scalarized
from molvae.optimize.build import StrategyName
from molvae.optimize.compromises import Compromises
from molvae.optimize.front import hypervolumes, pareto_front
from molvae.optimize.run import optimize

Floats = NDArray[np.float64]
GRID = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(2, 3)), elements=st.integers(0, 5).map(float))
LIBRARY = [
    "CCO", "CCN", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC", "CC(C)Cc1ccc(C(C)C(=O)O)cc1", "OCC(O)CO", "CCCCCC",
    "O=C(O)c1ccccc1", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CC(=O)Oc1ccccc1C(=O)O", "NCCc1ccc(O)c(O)c1",
]  # fmt: skip


def test_the_scalarization_is_that_of_botorch() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in molvae.optimize.extras
        from botorch.utils.multi_objective.scalarization import get_chebyshev_scalarization
    rng = np.random.default_rng(0)
    for goals in (2, 3, 5):
        targets, weights = rng.standard_normal((20, goals)), rng.dirichlet(np.ones(goals))
        theirs = get_chebyshev_scalarization(torch.from_numpy(weights), torch.from_numpy(targets))
        np.testing.assert_allclose(scalarized(targets, weights), theirs(torch.from_numpy(targets)).numpy(), atol=1e-12)


@given(GRID)
def test_every_weighting_has_its_best_row_on_the_front(targets: Floats) -> None:
    front = targets[pareto_front(targets)]
    for weights in np.random.default_rng(0).dirichlet(np.ones(targets.shape[1]), 5):
        best = targets[np.argmax(scalarized(targets, weights))]
        assert (front == best).all(axis=1).any()


def cells(wanted: Floats) -> int:
    """Count the unit cells from 0 that some row dominates."""
    corners = np.stack(np.meshgrid(*[np.arange(5)] * wanted.shape[1]), axis=-1).reshape(-1, wanted.shape[1])
    return int((wanted[:, None] >= corners + 1).all(axis=2).any(axis=0).sum())


@given(GRID)
def test_the_hypervolume_is_that_of_counted_cells_and_never_falls(wanted: Floats) -> None:
    volumes = hypervolumes(wanted, np.zeros(wanted.shape[1]))
    np.testing.assert_allclose(volumes, [cells(wanted[: k + 1]) for k in range(len(wanted))], atol=1e-9)
    front = wanted[pareto_front(wanted)]
    assert hypervolumes(front, np.zeros(wanted.shape[1]))[-1] == pytest.approx(volumes[-1])


def test_nothing_with_a_score_commands_no_volume() -> None:
    assert hypervolumes(np.full((3, 2), np.nan)).tolist() == [0, 0, 0]
    assert hypervolumes(np.zeros((0, 2))).tolist() == []


def test_parents_between_goals_are_those_of_the_front() -> None:
    population = Compromises(Aim(goals=2))
    rows = [("C" * k, (k / 10, 1 - k / 10)) for k in range(1, 10)] + [("N" * k, (0.05, 0.05)) for k in range(1, 40)]
    population.add([
        Scored(smiles, "scored", score=sum(wanted) / 2, wanted=wanted, feasible=True, call=call)
        for call, (smiles, wanted) in enumerate(rows, start=1)
    ])  # fmt: skip
    drawn = population.draw(400, np.random.default_rng(0))
    assert len(drawn) == 400
    assert sum("C" in smiles for smiles in drawn) > 200  # 9 of 48
    assert {"C", "CCCCC", "C" * 9} <= set(drawn)  # both ends and the middle
    assert Compromises(Aim(goals=2)).draw(3, np.random.default_rng(0)) == []


def between_goals(budget: int) -> Objective:
    return Objective(
        {"qed": "qed", "sa": "sa_score", "size": lambda smiles: [float(len(text)) for text in smiles]},
        goals={"qed": "maximize", "sa": "minimize"}, combination="pareto", budget=budget,
        constraints=[ValueRange("size", high=22)],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["graph-ga", "tanimoto-gp"])
def test_a_search_between_goals_logs_its_hypervolume(name: StrategyName) -> None:
    result = optimize(between_goals(60), strategy=name, library=LIBRARY, batch=12, seed=0)
    assert len(result.rows) == 60
    volumes = result.trace()["hypervolume"].to_numpy()
    assert (np.diff(volumes) >= 0).all()
    assert volumes[-1] > volumes[11] > 0
    front = result.pareto()
    assert len(front) >= 2
    assert (front["size"] <= 22).all()
    by_quality = front.sort_values("qed")
    assert by_quality["sa"].is_monotonic_increasing  # what is better in one is worse in the other


@pytest.mark.parametrize("name", ["bayesian", "turbo", "cma-es", "gradient"])
def test_points_are_searched_between_goals_and_within_ranges(space: LatentSpace, name: StrategyName) -> None:
    result = optimize(between_goals(20), space=space, strategy=name, batch=5, seed=0)
    assert len(result.rows) == 20
    assert len({row.arm for row in result.rows}) > 1  # the prior, and what was made of what it gave


def test_a_range_that_is_modelled_is_kept_to_more_often_than_by_chance() -> None:
    def small(name: StrategyName) -> float:
        target = {"qed": "qed", "size": lambda smiles: [float(len(text)) for text in smiles]}
        objective = Objective(target, goals={"qed": "maximize"}, constraints=[ValueRange("size", high=20)], budget=72)
        rows = optimize(objective, strategy=name, library=LIBRARY, batch=12, seed=0).rows
        return float(np.mean([row.feasible for row in rows[24:]]))

    assert small("tanimoto-gp") > small("graph-ga")
