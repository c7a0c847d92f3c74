"""One target of a property model: its regressor, the units of its values, and what calibrates its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from molvae.properties.intervals import half_width
from molvae.properties.regressors import Array, Moments, Regressor
from molvae.properties.selection import best_kind, cross_validate, fit_kind

ENOUGH_TO_SCALE = 10  # held-out molecules that give a deviation within a quarter or so; fewer are left alone


@dataclass(frozen=True)
class FittedTarget:
    """What a model knows of one target."""

    name: str
    regressor: Regressor
    mean: float  # of the labels, in the user's unit
    spread: float  # their standard deviation
    labels: int  # molecules that the regressor was fitted to
    residuals: Array = field(default_factory=lambda: np.empty(0))  # (m,) of held-out molecules, in predicted deviations
    scores: Mapping[str, float] = field(default_factory=dict)  # R² of each kind on scaffolds left out, if it was chosen

    @property
    def deviation_scale(self) -> float:
        """Factor that makes the predicted deviations those of the held-out molecules."""
        return float(np.sqrt(np.mean(self.residuals**2))) if len(self.residuals) >= ENOUGH_TO_SCALE else 1.0

    def moments(self, x: Array) -> Moments:
        """Return prediction and standard deviation at standardized features (n, D), in the user's unit, each (n,)."""
        mean, deviation = self.regressor.moments(x)
        return self.mean + self.spread * mean, self.spread * deviation * (self.deviation_scale or 1.0)

    def half_widths(self, deviation: Array, alpha: float) -> Array:
        """Return half of each interval that holds the value with probability 1 - `alpha`, given `moments`' deviations.

        Raises:
            ValueError: too few held-out molecules for `alpha`.
        """
        return deviation * half_width(self.residuals / (self.deviation_scale or 1.0), alpha)

    def calibrated(self, x: Array, y: Array) -> FittedTarget:
        """Return this target with the residuals of molecules that it was not fitted to; NaN in `y` (n,) is left out."""
        known = ~np.isnan(y)
        bare = replace(self, residuals=np.empty(0))
        if not known.any():
            return bare
        mean, deviation = bare.moments(x[known])
        return replace(self, residuals=(y[known] - mean) / deviation)


def fit_target(
    name: str, kind: str, x: Array, y: Array, groups: Sequence[str], *, folds: int, seed: int
) -> FittedTarget:
    """Fit to the rows of standardized features (n, D) whose label in `y` (n,) is known; "auto" chooses the kind.

    Raises:
        ValueError: no label is known.
    """
    known = np.flatnonzero(~np.isnan(y))
    if len(known) == 0:
        raise ValueError(f"target {name!r} has no label for any molecule that was taken")
    mean, spread = float(y[known].mean()), float(y[known].std()) or 1.0
    values = (y[known] - mean) / spread
    scores: dict[str, float] = {}
    if kind == "auto":
        scores = cross_validate(x[known], values, [groups[int(i)] for i in known], folds=folds, seed=seed)
        kind = best_kind(scores)
    regressor = fit_kind(kind, x[known], values, seed=seed)
    return FittedTarget(name, regressor, mean, spread, labels=len(known), scores=scores)
