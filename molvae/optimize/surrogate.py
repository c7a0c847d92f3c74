"""The surrogate of the search: an exact Gaussian process on count fingerprints, which grows with every batch.

Its kernel is MinMax, the Tanimoto similarity of counts, k(x, y) = Σ min(x, y) / Σ max(x, y). Hyper-parameters are
fixed: mean 0, variance 1 and a small noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_matrix

_BLOCK = 1_024  # rows of a product at a time
_NOISE = 1e-4  # variance
_LEVELS = 256  # of a count, which is a byte

Floats = NDArray[np.float64]
Counts = NDArray[np.uint8]


class Features(Protocol):
    """Molecules, described by rows of numbers, to which similarities are asked again and again."""

    def __len__(self) -> int:
        """Return how many were added."""

    def add(self, rows: NDArray[Any]) -> None:
        """Add molecules."""

    def similarities(self, rows: NDArray[Any]) -> Floats:
        """Return the kernel, 1 for equal molecules, between `rows` (p, ·) and those added, shape (p, n)."""


class MinMaxFeatures:
    """Molecules to which MinMax similarities are asked again and again.

    A count c is written as c ones, so that Σ min(x, y) is a product of matrices, one of them sparse.
    """

    def __init__(self) -> None:
        self._column = np.full((0, 0), -1, dtype=np.int32)  # (bit, level) -> row of `_ones`, in order of appearance
        self._ones = np.zeros((0, 0), dtype=np.int16)  # (columns, molecules), both with room to grow
        self._sums = np.zeros(0, dtype=np.int64)
        self._columns = 0

    def __len__(self) -> int:
        return len(self._sums)

    def add(self, counts: Counts) -> None:
        """Add molecules, counts (n, bits)."""
        if self._column.size == 0:
            self._column = np.full((counts.shape[1], _LEVELS), -1, dtype=np.int32)
        rows, bits, levels = _unary(counts)
        unknown = self._column[bits, levels] < 0
        new = np.unique(bits[unknown] * _LEVELS + levels[unknown])
        self._column.ravel()[new] = np.arange(self._columns, self._columns + len(new))
        self._columns += len(new)
        n = len(self)
        self._ones = _with_room(self._ones, self._columns, n + len(counts))
        self._ones[self._column[bits, levels], n + rows] = 1
        self._sums = np.concatenate([self._sums, counts.sum(axis=1, dtype=np.int64)])

    def similarities(self, counts: Counts) -> Floats:
        """Return the kernel between molecules, counts (p, bits), and those added, shape (p, n)."""
        n, (rows, bits, levels) = len(self), _unary(counts)
        if n == 0:
            return np.zeros((len(counts), 0))
        columns = self._column[bits, levels]
        known = columns >= 0
        ones = np.ones(int(known.sum()), dtype=np.int16)
        queries = csr_matrix((ones, (rows[known], columns[known])), shape=(len(counts), self._columns))
        shared = (queries @ self._ones[: self._columns, :n]).astype(np.float64)
        together = counts.sum(axis=1, dtype=np.int64)[:, None] + self._sums
        similarities: Floats = shared / np.maximum(together - shared, 1)
        return similarities


def _unary(counts: Counts) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return row, bit and level of each of the ones that the counts stand for."""
    rows, bits = np.nonzero(counts)
    times = counts[rows, bits].astype(np.intp)
    ends = np.cumsum(times)
    levels = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - times, times)
    return np.repeat(rows, times), np.repeat(bits, times), levels


def _with_room(array: NDArray[Any], *needed: int) -> NDArray[Any]:
    """Return the array, or a larger one that begins with it, of at least the `needed` lengths."""
    if all(have >= want for have, want in zip(array.shape, needed, strict=True)):
        return array
    pairs = zip(array.shape, needed, strict=True)
    lengths = [have if have >= want else max(want, have * 3 // 2, 64) for have, want in pairs]
    larger = np.zeros(lengths, dtype=array.dtype)
    larger[tuple(map(slice, array.shape))] = array
    return larger


class GaussianProcess:
    """A Gaussian process of mean 0 and variance 1; targets should be of that order.

    The inverse of the Cholesky factor is kept and grows by rows, at n²·b operations for b new molecules, and a
    variance is then a plain product of matrices.
    """

    def __init__(self, features: Callable[[], Features] = MinMaxFeatures, noise: float = _NOISE) -> None:
        """Take what makes an empty collection of features, and the variance of the noise."""
        self.noise = noise
        self._empty = features
        self._features = features()
        self._inverse = np.zeros((0, 0))  # of the Cholesky factor of K + noise·I, lower triangular, with room to grow
        self._weights = np.zeros((0, 0))  # (n, m)

    def __len__(self) -> int:
        return len(self._features)

    def add(self, rows: NDArray[Any]) -> None:
        """Add observed molecules, one for each of b rows; `fit` must follow."""
        n, b = len(self), len(rows)
        if b == 0:
            return
        across = self._features.similarities(rows)  # (b, n)
        self._features.add(rows)
        within = self._own(rows) + self.noise * np.eye(b)
        self._inverse = _with_room(self._inverse, n + b, n + b)
        low = self._times(across.T).T  # rows of the factor, (b, n)
        corner = cholesky(within - low @ low.T, lower=True)
        corner = solve_triangular(corner, np.eye(b), lower=True)
        self._inverse[n : n + b, :n] = -corner @ (low @ self._inverse[:n, :n])
        self._inverse[n : n + b, n : n + b] = corner

    def emptied(self) -> GaussianProcess:
        """Return such a process without molecules."""
        return GaussianProcess(self._empty, self.noise)

    def fit(self, targets: Floats) -> None:
        """Take the targets of all molecules added, shape (n, m)."""
        n = len(self)
        self._weights = self._inverse[:n, :n].T @ (self._inverse[:n, :n] @ targets)

    def kernel(self, rows: NDArray[Any]) -> Floats:
        """Return the kernel between p molecules and those added, shape (p, n)."""
        blocks = [self._features.similarities(rows[at : at + _BLOCK]) for at in range(0, len(rows), _BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(self)))

    def mean(self, similarities: Floats) -> Floats:
        """Return the posterior mean (p, m) where `similarities` (p, n) are those of `kernel`."""
        mean: Floats = similarities @ self._weights
        return mean

    def covariance(self, rows: NDArray[Any]) -> Floats:
        """Return the posterior covariance (p, p) of molecules, without noise."""
        reduced = self._times(self.kernel(rows).T)
        covariance: Floats = self._own(rows) - reduced.T @ reduced
        return covariance

    def _own(self, rows: NDArray[Any]) -> Floats:
        own = self._empty()
        own.add(rows)
        return own.similarities(rows)

    def _times(self, right: Floats) -> Floats:
        """Return the inverse factor times `right` (k, p), where k molecules were known; leaves out its zero half."""
        k = len(right)
        product = np.empty_like(right)
        for at in range(0, k, _BLOCK):
            end = min(at + _BLOCK, k)
            product[at:end] = self._inverse[at:end, :end] @ right[:end]
        return product


def conditioned(covariance: Floats, row: int, noise: float = _NOISE) -> Floats:
    """Return the posterior covariance (p, p) of molecules once that of `row` will be known, whatever its score."""
    column = covariance[:, row]
    reduced: Floats = covariance - np.outer(column, column) / (column[row] + noise)
    return reduced


def upper_std(similarities: Floats, noise: float = _NOISE) -> Floats:
    """Return a bound (p,) on the posterior standard deviation, from the most similar molecule (p, n) alone."""
    if similarities.shape[1] == 0:
        return np.ones(len(similarities))
    bound: Floats = np.sqrt(np.clip(1 - np.square(similarities.max(axis=1)) / (1 + noise), 0, None))
    return bound
