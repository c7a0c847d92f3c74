from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from molvae.latent.directions import Method, attribute_direction

METHODS: tuple[Method, ...] = ("ridge", "pattern", "difference")


def cloud(n: int = 400, dim: int = 10) -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal((n, dim), dtype=np.float32)


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_attribute_gives_its_gradient(method: Method) -> None:
    z = cloud()
    gradient = np.arange(10) / np.linalg.norm(np.arange(10))
    direction = attribute_direction(z, z @ gradient, method=method)
    assert np.linalg.norm(direction.vector) == pytest.approx(1, abs=1e-6)
    assert direction.vector @ gradient > (0.99 if method == "ridge" else 0.95)
    assert direction.correlation > 0.95
    assert direction.n == 400


@pytest.mark.parametrize("method", METHODS)
def test_turning_the_values_round_turns_the_direction_round(method: Method) -> None:
    z = cloud(101)
    values = z[:, 0] + 0.1 * z[:, 1]
    there, back = (attribute_direction(z, sign * values, method=method).vector for sign in (1, -1))
    np.testing.assert_allclose(there, -back, atol=0.05)


def test_ridge_undoes_the_scale_of_the_dimensions() -> None:
    z = cloud() * np.geomspace(0.01, 1, 10, dtype=np.float32)
    vector = attribute_direction(z, z[:, 0]).vector
    assert abs(vector[0]) > 0.99


def test_a_pattern_follows_the_data_where_a_gradient_leaves_it() -> None:
    rng = np.random.default_rng(1)
    along = rng.standard_normal(500)
    z = np.stack([along, along + 0.02 * rng.standard_normal(500), rng.standard_normal(500)], axis=1).astype(np.float32)
    values = z[:, 1] - 0.5 * z[:, 0]  # molecules lie on the diagonal of the first two dimensions
    pattern = attribute_direction(z, values, method="pattern").vector
    np.testing.assert_allclose(pattern[:2], np.sqrt(0.5), atol=0.05)
    gradient = attribute_direction(z, values, method="ridge").vector
    assert gradient[0] < 0.1 < gradient[1]


def test_a_collapsed_dimension_takes_no_part() -> None:
    z = cloud()
    z[:, 3] = 0.5
    assert attribute_direction(z, z[:, 0]).vector[3] == 0


def test_two_values_are_two_groups() -> None:
    z = cloud(50, 3)
    z[:10, 1] += 5
    labels = np.arange(50) < 10
    direction = attribute_direction(z, labels, method="difference")
    expected = z[:10].mean(axis=0) - z[10:].mean(axis=0)
    np.testing.assert_allclose(direction.vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_refused_molecules_and_missing_values_are_left_out() -> None:
    z = cloud(60)
    values = z[:, 2].astype(np.float64)
    expected = attribute_direction(z[5:], values[5:])
    z[:3] = np.nan
    values[3:5] = np.nan
    found = attribute_direction(z, values)
    np.testing.assert_array_equal(found.vector, expected.vector)
    assert found.n == 55


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(9), "one number per molecule"),
        (np.full(10, 2.5), "must vary"),
        (np.full(10, np.nan), "at least 4"),
    ],
)
def test_values_that_give_no_direction_are_refused(values: NDArray[np.float64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attribute_direction(cloud(10), values)


def test_points_that_do_not_differ_and_unknown_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="'ridge', 'pattern' or 'difference'"):
        attribute_direction(cloud(10), np.arange(10), method="svm")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no direction"):
        attribute_direction(np.ones((8, 3), np.float32), np.arange(8), method="difference")
