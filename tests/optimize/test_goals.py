"""Goals: what is wanted of one value, and means and products of several."""

from __future__ import annotations

import pytest

from molvae.errors import ConfigError, ObjectiveError
from molvae.optimize.curves import AtMost, Ramp
from molvae.optimize.goals import Goal, combined, goals_of

TWO = {"a": Goal(weight=3), "b": Goal()}


def test_more_is_better_whatever_the_goal() -> None:
    assert Goal().wanted(2.5) == 2.5
    assert Goal("minimize").wanted(2.5) == -2.5
    assert Goal(curve=Ramp(end=10)).wanted(2.5) == 0.25


def test_weights_are_shares_of_a_mean_and_exponents_of_a_product() -> None:
    assert combined([0.5, 1.0], TWO, "mean") == pytest.approx(0.625)
    assert combined([0.5, 1.0], TWO, "geometric") == pytest.approx(0.5 ** (3 / 4))
    assert combined([0.5, 1.0], TWO, "product") == pytest.approx(0.5**3)


def test_a_single_goal_is_the_score_whatever_its_weight() -> None:
    for combination in ("mean", "geometric", "product"):
        assert combined([-2.0], {"a": Goal(weight=7)}, combination) == -2.0


def test_a_product_of_negative_values_is_refused_by_name() -> None:
    with pytest.raises(ObjectiveError, match="the goal 'b' gives -1, and a geometric needs"):
        combined([1.0, -1.0], TWO, "geometric")


def test_the_user_overrules_the_default() -> None:
    default = {"energy": Goal()}
    assert goals_of(default, None) == default
    assert goals_of(default, "minimize") == {"energy": Goal("minimize")}
    assert goals_of(default, {"mass": AT_MOST}) == {"mass": AT_MOST}
    assert goals_of(default, {}) == {}


AT_MOST = Goal(curve=AtMost(500, sigma=50))


def test_impossible_goals_are_refused() -> None:
    with pytest.raises(ConfigError, match="direction must be maximize or minimize"):
        Goal("max")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="direction must be maximize beside a curve"):
        Goal("minimize", curve=Ramp(end=1))
    with pytest.raises(ConfigError, match="weight must be greater than 0"):
        Goal(weight=0)
    with pytest.raises(ConfigError, match="goals must be a table with a, b"):
        goals_of(TWO, "minimize")
