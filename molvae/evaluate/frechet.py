"""The Fréchet distance between two Gaussians (Dowson & Landau, J. Multivar. Anal. 12, 450, 1982), and their moments."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Moments(NamedTuple):
    """Mean and covariance of the activations of `n` molecules."""

    n: int
    mean: NDArray[np.float64]  # (A,)
    covariance: NDArray[np.float64]  # (A, A), with the denominator n - 1

    @classmethod
    def of(cls, activations: NDArray[np.floating]) -> Moments:
        """Return the moments of activations (n, A); the covariance of a single row, and all of none, is zero."""
        values = np.asarray(activations, dtype=np.float64)
        mean = values.sum(axis=0) / max(1, len(values))
        return cls(len(values), mean, (values - mean).T @ (values - mean) / max(1, len(values) - 1))


def merged(parts: Iterable[Moments]) -> Moments:
    """Return the moments of all molecules of the parts together (Chan, Golub & LeVeque, 1979).

    >>> values = np.arange(12.0).reshape(6, 2) ** 2
    >>> both = merged([Moments.of(values[:2]), Moments.of(values[2:])])
    >>> bool(np.allclose(both.covariance, np.cov(values.T)))
    True
    """

    def merge(a: Moments, b: Moments) -> Moments:
        n, step = a.n + b.n, b.mean - a.mean
        scatter = (a.n - 1) * a.covariance + (b.n - 1) * b.covariance + a.n * b.n / n * np.outer(step, step)
        return Moments(n, a.mean + b.n / n * step, scatter / (n - 1))

    return reduce(merge, parts)


def frechet_distance(a: Moments, b: Moments) -> float:
    """Return ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), the squared 2-Wasserstein distance of two Gaussians.

    The trace of (Σ₁ Σ₂)^½ is the sum of the singular values of Σ₁^½ Σ₂^½, so nothing becomes complex, and sets of a few
    molecules, whose covariances are singular, are no difficulty. What rounding makes negative counts as zero.

    >>> a, b = Moments(9, np.zeros(2), np.eye(2)), Moments(9, np.ones(2), 4 * np.eye(2))
    >>> round(frechet_distance(a, b), 12)
    4.0
    """
    shared = np.linalg.norm(_root(a.covariance) @ _root(b.covariance), ord="nuc")
    step = a.mean - b.mean
    return float(step @ step + np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared)


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root
