"""The MinMax process against naive loops, linear algebra and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel

from molvae.chem.fingerprints import morgan_counts
from molvae.optimize.surrogate import GaussianProcess, MinMaxFeatures, conditioned, upper_std

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def counts(wehi_smiles: list[str]) -> NDArray[np.uint8]:
    return np.unique(morgan_counts(wehi_smiles[:150]), axis=0)[np.random.default_rng(0).permutation(140)]


def naive(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Floats:
    matrix = np.empty((len(a), len(b)))
    for i, x in enumerate(a.astype(int)):
        for j, y in enumerate(b.astype(int)):
            matrix[i, j] = np.minimum(x, y).sum() / np.maximum(x, y).sum()
    return matrix


def test_similarities_are_those_of_a_naive_loop(counts: NDArray[np.uint8]) -> None:
    features = MinMaxFeatures()
    features.add(counts[:4])
    features.add(counts[4:12])
    np.testing.assert_allclose(features.similarities(counts[8:20]), naive(counts[8:20], counts[:12]), rtol=1e-14)


def test_any_counts_are_taken_to_the_largest_byte() -> None:
    counts = np.array([[255, 0, 3], [1, 0, 0], [0, 0, 0]], dtype=np.uint8)
    features = MinMaxFeatures()
    features.add(counts[:2])
    np.testing.assert_allclose(features.similarities(counts), np.array([[1, 1 / 258], [1 / 258, 1], [0, 0]]))


def test_the_posterior_is_that_of_linear_algebra_however_it_grew(counts: NDArray[np.uint8]) -> None:
    known, asked = counts[:100], counts[90:]
    targets = np.random.default_rng(1).standard_normal((100, 2))
    process = GaussianProcess()
    for start, end in ((0, 1), (1, 40), (40, 40), (40, 100)):
        process.add(known[start:end])
    process.fit(targets)
    kernel = process.kernel(asked)
    gram = naive(known, known) + 1e-4 * np.eye(100)
    np.testing.assert_allclose(process.mean(kernel), kernel @ np.linalg.solve(gram, targets), atol=1e-9)
    covariance = process.covariance(asked)
    np.testing.assert_allclose(covariance, naive(asked, asked) - kernel @ np.linalg.solve(gram, kernel.T), atol=1e-9)
    assert (np.sqrt(np.diag(covariance).clip(0)) <= upper_std(kernel) + 1e-9).all()


def test_conditioning_on_a_molecule_is_adding_it(counts: NDArray[np.uint8]) -> None:
    process, asked = GaussianProcess(), counts[60:80]
    process.add(counts[:60])
    expected = conditioned(process.covariance(asked), 7)
    process.add(asked[7:8])
    np.testing.assert_allclose(process.covariance(asked), expected, atol=1e-9)
    assert len(process.emptied()) == 0
    assert len(process) == 61


class _Given(Kernel):  # type: ignore[misc]
    """The naive kernel, for scikit-learn."""

    def __init__(self, counts: NDArray[np.uint8]) -> None:
        self.counts = counts

    def __call__(self, x: Floats, y: Floats | None = None, eval_gradient: bool = False) -> Floats:
        rows = self.counts[x[:, 0].astype(int)]
        return naive(rows, rows if y is None else self.counts[y[:, 0].astype(int)])

    def diag(self, x: Floats) -> Floats:
        return np.ones(len(x))

    def is_stationary(self) -> bool:
        return False


def test_the_posterior_is_that_of_scikit_learn(counts: NDArray[np.uint8]) -> None:
    targets = np.random.default_rng(2).standard_normal(20)
    rows = np.arange(30)[:, None].astype(float)
    reference = GaussianProcessRegressor(_Given(counts), alpha=1e-4, optimizer=None).fit(rows[:20], targets)
    mean, covariance = reference.predict(rows[15:], return_cov=True)
    process = GaussianProcess()
    process.add(counts[:20])
    process.fit(targets[:, None])
    kernel = process.kernel(counts[15:30])
    np.testing.assert_allclose(process.mean(kernel)[:, 0], mean, atol=1e-8)
    np.testing.assert_allclose(process.covariance(counts[15:30]), covariance, atol=1e-8)
