"""Desirability curves: their values at the points that define them, and the same for numbers and arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from molvae.errors import ConfigError
from molvae.optimize.curves import (
    AtLeast,
    AtMost,
    Capped,
    Chained,
    Curve,
    Distance,
    Linear,
    Near,
    Ramp,
    SmoothRamp,
    SquaredDistance,
)

CURVES: list[Curve] = [
    Near(2, sigma=0.5), AtMost(2, sigma=0.5), AtLeast(2, sigma=0.5), Ramp(end=3, start=1), SmoothRamp(end=3, start=1),
    Chained((Linear(2), Near(4, sigma=1))), Linear(2), Distance(2), SquaredDistance(2, coefficient=3), Capped(2),
]  # fmt: skip
POINTS = np.linspace(-5, 9, 57)


@pytest.mark.parametrize("curve", CURVES, ids=repr)
def test_an_array_gives_what_its_numbers_give(curve: Curve) -> None:
    np.testing.assert_array_equal(curve(POINTS), [curve(point) for point in POINTS.tolist()])


def test_a_bell_is_one_in_the_middle_and_symmetric() -> None:
    bell = Near(2, sigma=0.5)
    assert bell(2) == 1
    assert bell(2.5) == pytest.approx(math.exp(-0.5)) == bell(1.5)


def test_half_bells_are_one_on_their_good_side_and_the_bell_on_the_other() -> None:
    bell, at_most, at_least = Near(2, sigma=0.5), AtMost(2, sigma=0.5), AtLeast(2, sigma=0.5)
    below, above = POINTS[POINTS <= 2], POINTS[POINTS >= 2]
    np.testing.assert_array_equal(at_most(below), 1)
    np.testing.assert_array_equal(at_least(above), 1)
    np.testing.assert_allclose(at_most(above), bell(above))
    np.testing.assert_allclose(at_least(below), bell(below))


def test_a_ramp_rises_from_start_to_end_and_can_fall() -> None:
    assert Ramp(end=3, start=1)(np.array([0, 1, 1.5, 2, 3, 9])).tolist() == [0, 0, 0.25, 0.5, 1, 1]
    assert Ramp(end=1, start=3)(2.5) == 0.25
    assert Ramp(end=1, high=5, low=2)(0.5) == 3.5


def test_a_smooth_ramp_has_the_middle_and_the_slope_of_the_ramp_and_does_not_overflow() -> None:
    smooth, ramp, step = SmoothRamp(end=3, start=1), Ramp(end=3, start=1), 1e-5
    assert smooth(2) == ramp(2) == 0.5
    assert smooth(2 + step) - smooth(2) == pytest.approx(ramp(2 + step) - ramp(2), rel=1e-4)
    assert smooth(2.7) == pytest.approx(1 / (1 + math.exp(-2 * 0.7)))
    assert (smooth(-1e9), smooth(1e9)) == (0, 1)


def test_the_plain_ones_are_arithmetic() -> None:
    assert Linear(2)(3) == 6
    assert Chained((Linear(2), Distance(4)))(3) == Distance(4)(6)
    assert (Distance(2)(2), Distance(2)(5)) == (1, -2)
    assert (SquaredDistance(2, 3)(2), SquaredDistance(2, 3)(3)) == (1, -2)
    assert (Capped(4)(1), Capped(4)(9)) == (0.25, 1)


def test_impossible_curves_are_refused() -> None:
    for make in (
        lambda: Near(1, sigma=0), lambda: AtMost(1, sigma=-1), lambda: AtLeast(1, sigma=0), lambda: Capped(0),
        lambda: Ramp(end=1, start=1), lambda: Ramp(end=1, high=0, low=1), lambda: SmoothRamp(end=1, start=1),
    ):  # fmt: skip
        with pytest.raises(ConfigError):
            make()
