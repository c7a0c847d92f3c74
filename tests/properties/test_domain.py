from __future__ import annotations

import numpy as np

from molvae.properties.domain import Domain


def test_farther_points_are_stranger() -> None:
    rng = np.random.default_rng(0)
    domain = Domain.fit(rng.normal(size=(400, 5)), rng.normal(size=(200, 5)))
    direction = rng.normal(size=5)
    score = domain.score(np.arange(0, 30, 1.5)[:, None] * direction / np.linalg.norm(direction))
    assert (np.diff(score) <= 0).all()
    assert score[0] > 0.5
    assert score[-1] == 1 / 201


def test_of_molecules_like_the_held_out_ones_a_tenth_scores_below_a_tenth() -> None:
    rng = np.random.default_rng(1)
    domain = Domain.fit(rng.normal(size=(500, 4)), rng.normal(size=(1_000, 4)))
    score = domain.score(rng.normal(size=(4_000, 4)))
    for share in (0.05, 0.1, 0.5):
        assert abs(np.mean(score <= share) - share) < 0.04  # four standard deviations, mostly of the 1,000


def test_without_held_out_molecules_the_training_ones_set_the_scale() -> None:
    rng = np.random.default_rng(2)
    domain = Domain.fit(rng.normal(size=(100, 3)), np.empty((0, 3)))
    assert domain.score(np.zeros((1, 3)))[0] > 0.5
    assert domain.score(np.full((1, 3), 50.0))[0] == 1 / 101
    assert Domain.fit(np.zeros((1, 3)), np.empty((0, 3))).score(np.ones((1, 3)))[0] == 0.5
