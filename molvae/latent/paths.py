"""Paths between two points of the latent space."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["slerp", "linear"]
METHODS: tuple[Method, ...] = ("slerp", "linear")


def path(
    start: NDArray[np.float32], end: NDArray[np.float32], n: int, *, method: Method = "slerp"
) -> NDArray[np.float32]:
    """Return `n` points (n, D) from `start` (D,) to `end` (D,), both included, at equal steps of the path.

    Raises:
        ValueError: fewer than two points, two shapes, or an unknown method.

    >>> path(np.array([0.0, 0.0]), np.array([2.0, 4.0]), 3, method="linear").tolist()
    [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]
    """
    if n < 2:
        raise ValueError(f"n must be at least 2, because a path includes both ends, got {n}")
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"start and end must be vectors of one length, got shapes {start.shape} and {end.shape}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    step = np.linspace(0.0, 1.0, n)[:, None]
    points = (lerp if method == "linear" else slerp)(start.astype(np.float64), end.astype(np.float64), step)
    points[0], points[-1] = start, end  # exactly, whatever the rounding of the angle
    return points.astype(np.float32)


def lerp(start: NDArray[np.float64], end: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points (n, D) of the straight line at `step` (n, 1), from 0 at `start` to 1 at `end`."""
    return (1 - step) * start + step * end


def slerp(start: NDArray[np.float64], end: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points (n, D) of the arc at `step` (n, 1): equal angles, while the length changes linearly.

    In many dimensions a Gaussian's mass lies on a shell of radius sqrt(D); the straight line between two of its points
    leaves the shell, the arc does not (White, arXiv:1609.04468). Where the arc is not defined (an end at the origin,
    opposite directions) or equals the line (one direction), the line is returned.
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) == 0:
        return lerp(start, end, step)
    directions = start / lengths[0], end / lengths[1]
    # atan2 of the half-sum and half-difference keeps full precision where arccos of the dot product loses half of it.
    angle = 2 * np.arctan2(np.linalg.norm(directions[1] - directions[0]), np.linalg.norm(directions[1] + directions[0]))
    if np.sin(angle) < 1e-6:
        return lerp(start, end, step)
    weights = np.sin((1 - step) * angle) / np.sin(angle), np.sin(step * angle) / np.sin(angle)
    length = (1 - step) * lengths[0] + step * lengths[1]
    arc: NDArray[np.float64] = length * (weights[0] * directions[0] + weights[1] * directions[1])
    return arc
