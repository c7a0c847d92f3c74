from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from molvae.evaluate.frechet import Moments, frechet_distance, merged


@pytest.fixture
def values() -> NDArray[np.float64]:
    """60 correlated rows of 8 numbers."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((60, 8)) @ rng.standard_normal((8, 8)) + rng.standard_normal(8)


def test_distance_agrees_with_the_matrix_square_root(values: NDArray[np.float64]) -> None:
    a, b = Moments.of(values[:30]), Moments.of(values[30:] * 1.5)
    root = sqrtm(a.covariance @ b.covariance)
    expected = ((a.mean - b.mean) ** 2).sum() + np.trace(a.covariance + b.covariance - 2 * root.real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_distance_is_symmetric_and_zero_to_itself(values: NDArray[np.float64]) -> None:
    a, b = Moments.of(values[:30]), Moments.of(values[30:])
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)


def test_distance_of_shifted_copies_is_the_squared_shift(values: NDArray[np.float64]) -> None:
    shift = np.arange(8.0)
    assert frechet_distance(Moments.of(values), Moments.of(values + shift)) == pytest.approx((shift**2).sum(), rel=1e-9)


def test_fewer_rows_than_columns_are_no_difficulty(values: NDArray[np.float64]) -> None:
    few = Moments.of(values[:3])
    assert 0 <= frechet_distance(few, Moments.of(values)) < np.inf
    assert Moments.of(values[:1]).covariance.tolist() == np.zeros((8, 8)).tolist()


def test_moments_are_those_of_numpy_and_merge_in_any_pieces(values: NDArray[np.float64]) -> None:
    whole = merged(Moments.of(part) for part in np.split(values, [1, 20, 21]))
    np.testing.assert_allclose(whole.mean, values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(whole.covariance, np.cov(values.T), rtol=1e-10)
    assert whole.n == 60
