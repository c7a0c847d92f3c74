"""Attribute directions: the way in latent space along which a property of molecules rises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import RidgeCV

Method = Literal["ridge", "pattern", "difference"]
_ALPHAS = tuple(np.logspace(-2, 5, 15))  # ridge penalties tried by leave-one-out, relative to z of unit variance


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction in latent space along which an attribute rises, fitted to `n` molecules."""

    vector: NDArray[np.float32] = field(repr=False)  # (D,), unit length, towards higher values
    scale: float  # standard deviation of the molecules along `vector`: the unit of a traversal's steps
    correlation: float  # of the molecules' position along `vector` with their values, on the molecules of the fit
    method: Method
    n: int


def attribute_direction(z: NDArray[np.float32], values: ArrayLike, *, method: Method = "ridge") -> Direction:
    """Return the direction along which `values` (n,) rise over the points `z` (n, D).

    `ridge` is the gradient of a ridge regression of the values on standardized z, its penalty chosen by leave-one-out
    errors: the way that changes the prediction most per unit of length. It predicts best, and can point where molecules
    do not vary, so that a walk along it changes the prediction and not the molecule. `pattern` is the covariance of z
    times that gradient (Haufe et al., doi:10.1016/j.neuroimage.2013.10.067): the way in which molecules differ when
    their predictions do, which is the one to walk. `difference` is the mean of the molecules with
    the higher values minus the mean of the others (two groups as given if there are two values, else split at the
    median): cruder, follows the data, and needs fewer molecules than dimensions (Larsen et al., arXiv:1512.09300).
    Rows with NaN in `z` (refused molecules) or in `values` are left out.

    Raises:
        ValueError: not one value per point, fewer than four usable rows, values that do not vary, unknown method.
    """
    target = np.asarray(values, dtype=np.float64)
    if target.shape != z.shape[:1]:
        raise ValueError(f"values must hold one number per molecule, shape ({len(z)},), got shape {target.shape}")
    usable = np.isfinite(target) & np.isfinite(z).all(axis=1)
    points, target = z[usable].astype(np.float64), target[usable]
    if len(target) < 4:
        raise ValueError(f"a direction needs at least 4 molecules with a value, got {len(target)} of {len(z)}")
    if np.ptp(target) == 0:
        raise ValueError(f"values must vary, but all {len(target)} are {target[0]:g}")
    if method == "ridge":
        vector = _ridge_gradient(points, target)
    elif method == "pattern":
        gradient = _ridge_gradient(points, target)
        centered = points - points.mean(axis=0)
        vector = centered.T @ (centered @ gradient) / len(points)
    elif method == "difference":
        vector = _mean_difference(points, target)
    else:
        raise ValueError(f"method must be 'ridge', 'pattern' or 'difference', got {method!r}")
    length = np.linalg.norm(vector)
    if not length > 0:
        raise ValueError(f"no direction: the {len(target)} points do not differ between low and high values")
    vector = vector / length
    position = points @ vector
    return Direction(
        vector=vector.astype(np.float32),
        scale=float(position.std()),
        correlation=float(np.corrcoef(position, target)[0, 1]),
        method=method,
        n=len(target),
    )


def _ridge_gradient(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = points.std(axis=0)
    alive = spread > 1e-6 * spread.max()  # a collapsed dimension carries nothing and would be blown up
    standardized = (points[:, alive] - points[:, alive].mean(axis=0)) / spread[alive]
    regression = RidgeCV(alphas=_ALPHAS).fit(standardized, (target - target.mean()) / target.std())
    gradient = np.zeros(points.shape[1])
    gradient[alive] = regression.coef_ / spread[alive]
    return gradient


def _mean_difference(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    levels = np.unique(target)
    high = target == levels[1] if len(levels) == 2 else target > np.median(target)
    if high.all() or not high.any():  # more than half of the values are the largest one
        high = target == levels[-1]
    difference: NDArray[np.float64] = points[high].mean(axis=0) - points[~high].mean(axis=0)
    return difference
