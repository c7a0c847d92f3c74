"""Latent points in two dimensions, for maps."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Method = Literal["pca", "tsne"]


class Plane(NamedTuple):
    """The two directions in which points vary most."""

    centre: NDArray[np.floating]  # (D,)
    directions: NDArray[np.floating]  # (2, D)

    @classmethod
    def of(cls, basis: NDArray[np.floating]) -> Plane:
        """Return the plane of the points `basis` (n, D)."""
        centre = basis.mean(axis=0)
        return cls(centre, np.linalg.svd(basis - centre, full_matrices=False)[2][:2])

    def place(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return where points (n, D) lie in the plane, (n, 2)."""
        flat: NDArray[np.floating] = (points - self.centre) @ self.directions.T
        return flat


def project(z: NDArray[np.floating], method: Method = "pca", *, seed: int = 0) -> NDArray[np.floating]:
    """Return points (n, D) in two dimensions, (n, 2); NaN for a row that is not finite.

    "pca" is the plane in which the points vary most: distances in it are true as far as they go. "tsne" keeps near
    what is near (van der Maaten & Hinton, J. Mach. Learn. Res. 9, 2579, 2008): its clusters are real, while their
    sizes and the distances between them mean nothing.

    Raises:
        ValueError: an unknown method, or fewer than three finite rows.
    """
    points = np.asarray(z)
    known = np.isfinite(points).all(axis=1) if points.ndim == 2 else np.empty(0, dtype=bool)
    if known.sum() < 3 or points.shape[1] < 2:
        raise ValueError(f"z must hold at least 3 finite points of 2 dimensions or more, got shape {points.shape}")
    flat = np.full((len(points), 2), np.nan)
    if method == "pca":
        flat[known] = Plane.of(points[known]).place(points[known])
    elif method == "tsne":
        from sklearn.manifold import TSNE  # 1 s

        perplexity = min(30.0, (int(known.sum()) - 1) / 3)
        flat[known] = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(points[known])
    else:
        raise ValueError(f"method must be 'pca' or 'tsne', got {method!r}")
    return flat
