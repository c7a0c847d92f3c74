from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from molvae.properties.selection import best_kind, checked_kind, cross_validate, scaffolds_of

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


def test_a_line_is_for_ridge_and_steps_are_for_a_forest() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 4))
    line = cross_validate(x, x[:, 0] + 0.1 * rng.normal(size=80), [""] * 80, folds=2, seed=0)
    steps = cross_validate(x, np.sign(x[:, 0]) * np.sign(x[:, 1] + 3), [""] * 80, folds=2, seed=0)
    assert best_kind(line) == "ridge"
    assert best_kind(steps) == "forest"


def test_groups_are_not_on_both_sides(table: Table) -> None:
    """Values that depend on the group alone, told by x, are learned by heart unless groups are left out whole."""
    rng = np.random.default_rng(0)
    groups = [str(group) for group in np.repeat(np.arange(20), 5)]
    centers, values = rng.normal(size=(20, 6)), rng.normal(size=20)
    x, y = np.repeat(centers, 5, axis=0) + 0.01 * rng.normal(size=(100, 6)), np.repeat(values, 5)
    together = cross_validate(x, y, groups, folds=2, seed=0)
    apart = cross_validate(x, y, [""] * 100, folds=2, seed=0)
    assert max(together.values()) < 0.5 < 0.9 < max(apart.values())


def test_too_few_molecules_choose_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(19, 3))
    assert cross_validate(x, x[:, 0], [""] * 19, folds=5, seed=0) == {}
    assert best_kind({}) == "ridge"


def test_rings_are_the_scaffold_and_a_chain_is_on_its_own() -> None:
    assert scaffolds_of(["Cc1ccccc1", "CCO", None]) == ["c1ccccc1", "", ""]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind must be 'auto', 'ridge', 'forest', 'gp', 'mlp', got 'svm'"):
        checked_kind("svm")
