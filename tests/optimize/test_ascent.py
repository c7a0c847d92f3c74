"""Climbs and projections on functions whose top is known."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from molvae.optimize.ascent import ascend
from molvae.optimize.latent_record import Floats, held


def keep(points: Floats, starts: Floats) -> Floats:
    return points


def test_a_climb_ends_at_the_top_of_a_hill() -> None:
    top = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    starts = np.random.default_rng(0).standard_normal((5, 3))
    passed = ascend(lambda x: -(x - top).square().sum(dim=1), starts, hold=keep, steps=400, rate=0.05, every=100)
    assert passed.shape == (4, 5, 3)
    np.testing.assert_allclose(passed[-1], np.tile(top.numpy(), (5, 1)), atol=1e-2)


def test_a_climb_stays_where_it_is_held() -> None:
    starts = np.ones((2, 4))
    passed = ascend(
        lambda x: x.sum(dim=1), starts, hold=lambda points, _: held(points, 3.0), steps=60, rate=0.2, every=5
    )
    lengths = np.linalg.norm(passed, axis=2)
    assert lengths.max() <= 3 + 1e-9
    np.testing.assert_allclose(lengths[-1], 3)  # the top of a plane within a ball is on its edge


def test_a_climb_on_what_has_no_gradient_stays_in_place() -> None:
    starts = np.ones((2, 3))
    passed = ascend(lambda x: (x * 0).sum(dim=1) / 0, starts, hold=keep, steps=4, rate=0.1, every=2)
    np.testing.assert_array_equal(passed, np.ones((2, 2, 3)))


@given(arrays(np.float64, (4, 3), elements=st.floats(-1e3, 1e3)), st.floats(0.1, 50))
def test_held_points_keep_their_direction_and_those_inside_do_not_move(points: Floats, radius: float) -> None:
    inside = held(points, radius)
    lengths, before = np.linalg.norm(inside, axis=1), np.linalg.norm(points, axis=1)
    np.testing.assert_allclose(lengths, np.minimum(before, radius), rtol=1e-9)
    np.testing.assert_allclose(inside * before[:, None], points * lengths[:, None], atol=1e-6)
    np.testing.assert_array_equal(inside[before < radius], points[before < radius])
