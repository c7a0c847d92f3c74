from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from molvae.latent.paths import METHODS, Method, path


def vectors(seed: int, dim: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    start, end = np.random.default_rng(seed).standard_normal((2, dim), dtype=np.float32)
    return start, end


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 10_000), dim=st.integers(1, 64), n=st.integers(2, 12))
def test_a_path_begins_and_ends_exactly_at_its_ends(method: Method, seed: int, dim: int, n: int) -> None:
    start, end = vectors(seed, dim)
    points = path(start, end, n, method=method)
    assert points.shape == (n, dim)
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points[0], start)
    np.testing.assert_array_equal(points[-1], end)


@given(seed=st.integers(0, 10_000), n=st.integers(3, 12))
def test_slerp_turns_by_equal_angles_and_changes_length_linearly(seed: int, n: int) -> None:
    start, end = vectors(seed, 16)
    points = path(start, end, n, method="slerp").astype(np.float64)
    lengths = np.linalg.norm(points, axis=1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], n), rtol=1e-5)
    directions = points / lengths[:, None]
    cosines = (directions[1:] * directions[:-1]).sum(axis=1)
    np.testing.assert_allclose(cosines, cosines[0], atol=1e-5)


@given(seed=st.integers(0, 10_000))
def test_a_path_back_is_the_path_reversed(seed: int) -> None:
    start, end = vectors(seed, 8)
    for method in METHODS:
        there, back = path(start, end, 7, method=method), path(end, start, 7, method=method)
        np.testing.assert_allclose(there, back[::-1], atol=1e-5)


@pytest.mark.parametrize("end", [[0.0, 0.0], [-2.0, 0.0], [4.0, 0.0], [1.0, 0.0]])
def test_slerp_without_an_arc_is_the_line(end: list[float]) -> None:
    start, stop = np.array([1.0, 0.0], np.float32), np.array(end, np.float32)
    np.testing.assert_allclose(path(start, stop, 5), path(start, stop, 5, method="linear"), atol=1e-6)


def test_a_path_refuses_what_it_cannot_do() -> None:
    start, end = vectors(0, 4)
    with pytest.raises(ValueError, match="at least 2"):
        path(start, end, 1)
    with pytest.raises(ValueError, match="shapes"):
        path(start, end[:3], 4)
    with pytest.raises(ValueError, match="slerp, linear"):
        path(start, end, 4, method="cubic")  # type: ignore[arg-type]
