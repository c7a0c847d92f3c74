"""Keyed noise: a function of seed, row and column, and uniform."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from molvae.model.noise import keyed_normal, keyed_uniform


@given(st.integers(0, 2**64 - 1), st.integers(0, 50), st.integers(0, 40))
def test_any_block_is_cut_from_the_same_table(seed: int, row: int, column: int) -> None:
    whole = keyed_uniform(seed, np.arange(51), range(41))
    assert torch.equal(keyed_uniform(seed, np.array([row]), range(column, 41)), whole[row : row + 1, column:])


def test_the_numbers_are_uniform_and_independent() -> None:
    table = keyed_uniform(0, np.arange(2_000), range(50)).numpy()
    assert 0 < table.min() < table.max() < 1
    assert stats.kstest(table.ravel(), "uniform").pvalue > 1e-3
    for other in (np.roll(table, 1, axis=0), np.roll(table, 1, axis=1), keyed_uniform(1, np.arange(2_000), range(50))):
        assert abs(np.corrcoef(table.ravel(), np.asarray(other).ravel())[0, 1]) < 0.015


def test_normal_numbers_are_normal_and_finite() -> None:
    normal = keyed_normal(3, np.arange(2_000), range(50))
    assert normal.isfinite().all()
    assert stats.kstest(normal.numpy().ravel(), "norm").pvalue > 1e-3


def test_a_seed_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match="seed must be from 0 to 2"):
        keyed_uniform(-1, np.arange(3), range(3))
