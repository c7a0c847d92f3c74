"""Desirability curves: from a property in its own unit to how much it is wanted, mostly from 0 to 1.

Each is a function of a number or an array. They are GuacaMol's (doi:10.1021/acs.jcim.8b00839), whose names stand in
brackets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from molvae.settings import require

Curve = Callable[[Any], Any]  # of a float or an array; the same comes out


def _require_width(sigma: float) -> None:
    require(sigma > 0, "sigma", "greater than 0", sigma)


@dataclass(frozen=True)
class Near:
    """A Gaussian bell: 1 at `mu`, 0.61 one `sigma` away (GaussianModifier).

    >>> round(float(Near(3, sigma=0.5)(2)), 4)
    0.1353
    """

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        _require_width(self.sigma)

    def __call__(self, value: Any) -> Any:
        return np.exp(-0.5 * np.square((value - self.mu) / self.sigma))


@dataclass(frozen=True)
class AtMost:
    """1 up to `mu`, and above it the bell of `Near` (MinGaussianModifier)."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        _require_width(self.sigma)

    def __call__(self, value: Any) -> Any:
        return np.exp(-0.5 * np.square(np.maximum(value - self.mu, 0) / self.sigma))


@dataclass(frozen=True)
class AtLeast:
    """1 from `mu` on, and below it the bell of `Near` (MaxGaussianModifier)."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        _require_width(self.sigma)

    def __call__(self, value: Any) -> Any:
        return np.exp(-0.5 * np.square(np.minimum(value - self.mu, 0) / self.sigma))


@dataclass(frozen=True)
class Ramp:
    """`low` at `start` and before, `high` at `end` and beyond, a straight line between (ClippedScoreModifier).

    It falls where `end` is less than `start`.

    >>> round(float(Ramp(end=0.75)(0.3)), 3)
    0.4
    """

    end: float
    start: float = 0.0
    high: float = 1.0
    low: float = 0.0

    def __post_init__(self) -> None:
        require(self.end != self.start, "end", f"another number than start, {self.start}", self.end)
        require(self.high > self.low, "high", f"greater than low, {self.low}", self.high)

    def __call__(self, value: Any) -> Any:
        slope = (self.high - self.low) / (self.end - self.start)
        return np.clip(slope * value + (self.high - slope * self.end), self.low, self.high)


@dataclass(frozen=True)
class SmoothRamp:
    """`Ramp` without corners: a logistic curve with the same slope in the middle (SmoothClippedScoreModifier)."""

    end: float
    start: float = 0.0
    high: float = 1.0
    low: float = 0.0

    def __post_init__(self) -> None:
        require(self.end != self.start, "end", f"another number than start, {self.start}", self.end)
        require(self.high > self.low, "high", f"greater than low, {self.low}", self.high)

    def __call__(self, value: Any) -> Any:
        steepness = 4 / (self.end - self.start)
        middle = (self.end + self.start) / 2
        # tanh, which does not overflow far away as exp does
        return self.low + (self.high - self.low) * 0.5 * (1 + np.tanh(0.5 * steepness * (value - middle)))


@dataclass(frozen=True)
class Chained:
    """One curve after the other, the first on the value (ChainedModifier).

    >>> Chained((Linear(2), Capped(10)))(3)
    np.float64(0.6)
    """

    curves: tuple[Curve, ...]

    def __call__(self, value: Any) -> Any:
        for curve in self.curves:
            value = curve(value)
        return value


@dataclass(frozen=True)
class Linear:
    """`slope` times the value (LinearModifier)."""

    slope: float = 1.0

    def __call__(self, value: Any) -> Any:
        return self.slope * value


@dataclass(frozen=True)
class Distance:
    """1 at `target`, less by the distance from it, without end (AbsoluteScoreModifier)."""

    target: float

    def __call__(self, value: Any) -> Any:
        return 1 - np.abs(self.target - value)


@dataclass(frozen=True)
class SquaredDistance:
    """1 at `target`, less by `coefficient` times the square of the distance, without end (SquaredModifier)."""

    target: float
    coefficient: float = 1.0

    def __call__(self, value: Any) -> Any:
        return 1 - self.coefficient * np.square(self.target - value)


@dataclass(frozen=True)
class Capped:
    """The value as a share of `threshold`, at most 1 (ThresholdedLinearModifier)."""

    threshold: float

    def __post_init__(self) -> None:
        require(self.threshold > 0, "threshold", "greater than 0", self.threshold)

    def __call__(self, value: Any) -> Any:
        return np.minimum(value, self.threshold) / self.threshold
