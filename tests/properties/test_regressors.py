from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import BayesianRidge
from sklearn.neural_network import MLPRegressor

from molvae.properties.regressors import GaussianProcess, NeuralEnsemble, Ridge
from molvae.properties.selection import KINDS, fit_kind

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


def test_ridge_predicts_what_scikit_learn_predicts(table: Table) -> None:
    x, y = table
    mean, std = BayesianRidge().fit(x, y).predict(x, return_std=True)
    found = Ridge.fit(x, y, seed=0).moments(x)
    np.testing.assert_allclose(found[0], mean, rtol=1e-10)
    np.testing.assert_allclose(found[1], std, rtol=1e-10)


def test_networks_predict_what_scikit_learn_predicts(table: Table) -> None:
    x, y = table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        members = [
            MLPRegressor(hidden_layer_sizes=(7, 5), max_iter=5, random_state=seed).fit(x, y) for seed in range(3)
        ]
    mean, _ = NeuralEnsemble.of_sklearn(members).moments(x)
    np.testing.assert_allclose(mean, np.mean([member.predict(x) for member in members], axis=0), rtol=1e-10)


def test_a_process_is_the_textbook_one(table: Table) -> None:
    x, y = table
    process = GaussianProcess.fit(x[:80], y[:80], seed=0)
    points, weights, scale, length = process.mean_function()
    distance = np.sqrt(5) * np.linalg.norm(x[:, None] - points[None], axis=-1) / length
    kernel = scale * (1 + distance + distance**2 / 3) * np.exp(-distance)
    np.testing.assert_allclose(process.moments(x)[0], kernel @ weights, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_learns_and_is_surer_where_it_has_seen_something(kind: str, table: Table) -> None:
    x, y = table
    y = (y - y.mean()) / y.std()
    regressor = fit_kind(kind, x[:200], y[:200], seed=0)
    mean, std = regressor.moments(x[200:])
    assert np.mean((mean - y[200:]) ** 2) < 0.5
    assert (std > 0).all()
    if kind in ("ridge", "gp", "mlp"):
        assert regressor.moments(8 * x[200:])[1].mean() > std.mean()


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_have_the_shapes_they_are_saved_under_and_give_the_same_regressor(kind: str, table: Table) -> None:
    x, y = table[0][:60], table[1][:60]
    regressor = fit_kind(kind, x, y, seed=0)
    specs = KINDS[kind].specs(x.shape[1], regressor.sizes)
    arrays = regressor.arrays()
    names = {np.dtype(np.float64): "F64", np.dtype(np.int32): "I32"}
    assert {name: (array.shape, names[array.dtype]) for name, array in arrays.items()} == dict(specs)
    again = KINDS[kind].from_arrays(arrays, x.shape[1], regressor.sizes)
    for before, after in zip(regressor.moments(x), again.moments(x), strict=True):
        np.testing.assert_array_equal(before, after)
