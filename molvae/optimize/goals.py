"""What is wanted of the values of a molecule, and how several wishes become one score, in which more is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from molvae.errors import ObjectiveError
from molvae.optimize.curves import Curve
from molvae.settings import require

Direction = Literal["maximize", "minimize"]
Combination = Literal["mean", "geometric", "product", "pareto"]


@dataclass(frozen=True)
class Goal:
    """What is wanted of one value: as much or as little as possible, or what a curve says.

    `weight` is its share in a mean, and its exponent in a product.

    >>> Goal("minimize").wanted(2.5)
    -2.5
    """

    direction: Direction = "maximize"
    curve: Curve | None = None  # applied to the value; more of its result is better
    weight: float = 1.0

    def __post_init__(self) -> None:
        require(self.direction in get_args(Direction), "direction", "maximize or minimize", self.direction)
        require(
            self.curve is None or self.direction == "maximize", "direction", "maximize beside a curve", self.direction
        )
        require(0 < self.weight < math.inf, "weight", "greater than 0", self.weight)

    def wanted(self, value: float) -> float:
        """Return the value turned so that more is better."""
        if self.curve is not None:
            return float(self.curve(value))
        return value if self.direction == "maximize" else -value


GoalLike: TypeAlias = Goal | Direction


def goals_of(default: Mapping[str, Goal], wanted: GoalLike | Mapping[str, GoalLike] | None) -> Mapping[str, Goal]:
    """Return the goals that the user wants, in full: a table, one for the only value, or the default for None.

    Raises:
        ConfigError: one goal for several values, or neither a goal nor a direction.

    >>> goals_of({"energy": Goal()}, "minimize")
    {'energy': Goal(direction='minimize', curve=None, weight=1.0)}
    """
    if wanted is None:
        return default
    if not isinstance(wanted, Mapping):
        require(len(default) == 1, "goals", f"a table with {', '.join(default)}", wanted)
        wanted = dict.fromkeys(default, wanted)
    return {str(name): goal if isinstance(goal, Goal) else Goal(goal) for name, goal in wanted.items()}


def combined(wanted: Sequence[float], goals: Mapping[str, Goal], combination: Combination) -> float:
    """Return one score of the values that `Goal.wanted` gave, in the order of `goals`; of "pareto" it is the mean.

    Raises:
        ObjectiveError: a product or geometric mean of a value below zero.

    >>> combined([0.25, 1.0], {"qed": Goal(), "sa": Goal()}, "geometric")
    0.5
    """
    weights = [goal.weight for goal in goals.values()]
    if len(wanted) == 1:
        return wanted[0]
    if combination in ("mean", "pareto"):
        return sum(weight * value for weight, value in zip(weights, wanted, strict=True)) / sum(weights)
    for name, value in zip(goals, wanted, strict=True):
        if value < 0:
            raise ObjectiveError(
                f"the goal {name!r} gives {value:.4g}, and a {combination} needs values of at least 0: give it a curve,"
                " such as AtLeast or AtMost, or take the mean"
            )
    total = sum(weights) if combination == "geometric" else 1.0
    return float(math.prod(value ** (weight / total) for weight, value in zip(weights, wanted, strict=True)))
