"""What became of a molecule: its values, and the score that they make under the user's wishes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from molvae.errors import ObjectiveError
from molvae.optimize.answers import Values
from molvae.optimize.constraints import ValueRange
from molvae.optimize.goals import Combination, Goal, combined
from molvae.optimize.journal import Call
from molvae.settings import require

Status = Literal["scored", "failed", "refused", "infeasible", "unaffordable"]


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of one molecule that was to be scored."""

    smiles: str | None  # canonical; None where the gate refused it
    status: Status
    score: float = math.nan  # more is better; NaN unless `status` is "scored"
    values: Mapping[str, float] = field(default_factory=dict)  # what the function returned
    wanted: tuple[float, ...] = ()  # of each goal, its value turned so that more is better
    feasible: bool = False  # scored, and within all value ranges
    reason: str = ""  # why it is not scored, or not feasible
    call: int = 0  # number of the call, from 1; 0 where none was spent
    fresh: bool = False  # whether this request spent the call; False for a molecule that was asked before
    arm: str = ""
    parents: tuple[str, ...] = ()
    model_hash: str = ""
    time: float = 0.0  # when the call ended, in seconds since 1970
    seconds: float = 0.0  # how long it took

    @property
    def contends(self) -> bool:
        """Whether it can be the best: feasible, and with a score."""
        return self.feasible and not math.isnan(self.score)


@dataclass(frozen=True)
class Wishes:
    """What is wanted of the values of a molecule."""

    goals: Mapping[str, Goal]
    combination: Combination
    ranges: tuple[ValueRange, ...]

    def __post_init__(self) -> None:
        known = get_args(Combination)
        require(self.combination in known, "combination", f"one of {', '.join(known)}", self.combination)

    def shortcoming(self, values: Values) -> str:
        """Return why these values make no score, '' where they do.

        Raises:
            ObjectiveError: none of them is among the goals.
        """
        if self.goals and values and self.goals.keys().isdisjoint(values):
            raise ObjectiveError(
                f"the objective returned {', '.join(map(repr, values))}, and the goals are"
                f" {', '.join(map(repr, self.goals))}; say what is wanted of its values, as in"
                f" goals={{{next(iter(values))!r}: 'maximize'}}"
            )
        finite = {name for name, value in values.items() if math.isfinite(value)}
        if self.goals.keys() <= finite and finite:
            return ""
        told = ", ".join(f"{name} {value:.4g}" for name, value in values.items()) or "nothing"
        missing = ", ".join(repr(name) for name in self.goals if name not in values)
        return f"the objective returned {told}" + (f"; there are goals for {missing}" if values and missing else "")

    def score(self, values: Values) -> float:
        """Return the score of values without a shortcoming; NaN where there are no goals."""
        return combined(self._wanted(values), self.goals, self.combination) if self.goals else math.nan

    def row(self, call: Call) -> Scored:
        """Return what became of a molecule, from its record."""
        values = dict(call.values)
        row = Scored(
            call.smiles, "failed", values=values, reason=call.failure, call=call.number, arm=call.arm,
            parents=call.parents, model_hash=call.model_hash, time=call.time, seconds=call.seconds,
        )  # fmt: skip
        if call.failure:
            return row
        violations = "; ".join(filter(None, (rule.value_violation(values) for rule in self.ranges)))
        return dataclasses.replace(
            row, status="scored", score=self.score(values), wanted=self._wanted(values), feasible=not violations,
            reason=violations,
        )  # fmt: skip

    def _wanted(self, values: Values) -> tuple[float, ...]:
        return tuple(goal.wanted(values[name]) for name, goal in self.goals.items())
