from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from molvae.errors import CheckpointError
from molvae.properties.forest import Forest

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(scope="module")
def sklearn_forest(table: Table) -> RandomForestRegressor:
    return RandomForestRegressor(20, max_features=0.5, random_state=0).fit(*table)


def test_the_arrays_predict_what_scikit_learn_predicts(sklearn_forest: RandomForestRegressor, table: Table) -> None:
    rng = np.random.default_rng(1)
    for x in (table[0], 3 * rng.normal(size=(500, 6))):
        mean, std = Forest.of_sklearn(sklearn_forest).moments(x)
        np.testing.assert_allclose(mean, sklearn_forest.predict(x), rtol=1e-12)
        trees = np.array([tree.predict(x.astype(np.float32)) for tree in sklearn_forest.estimators_])
        np.testing.assert_allclose(std**2, trees.var(axis=0) + 0.01, rtol=1e-10)


@pytest.mark.parametrize(
    ("array", "value"), [("left", 0), ("right", -1), ("left", 10**6), ("feature", 6), ("feature", -1), ("roots", -1)]
)
def test_trees_that_do_not_end_are_refused(sklearn_forest: RandomForestRegressor, array: str, value: int) -> None:
    forest = Forest.of_sklearn(sklearn_forest)
    arrays = {name: np.array(values) for name, values in forest.arrays().items()}
    assert Forest.from_arrays(arrays, 6, forest.sizes)
    inner = int(np.flatnonzero(arrays["left"] != np.arange(len(arrays["left"])))[-1])
    arrays[array][0 if array == "roots" else inner] = value
    with pytest.raises(CheckpointError, match="a forest has"):
        Forest.from_arrays(arrays, 6, forest.sizes)


@pytest.mark.parametrize("sizes", [{"trees": 0, "nodes": 5}, {"trees": 5, "nodes": 4}, {"trees": 1, "nodes": 2**31}])
def test_sizes_of_no_forest_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(CheckpointError, match="trees with nodes"):
        Forest.specs(6, sizes)
