"""Regressors of one standardized value on standardized features, each a few arrays that are saved without pickle.

Each gives a mean and a standard deviation. scikit-learn fits them; what it learned is kept as arrays, and predictions
come from these, before a save and after a load.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern, WhiteKernel
from sklearn.linear_model import BayesianRidge
from sklearn.neural_network import MLPRegressor

from molvae.errors import CheckpointError

Array: TypeAlias = NDArray[np.float64]
Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Sizes: TypeAlias = Mapping[str, int]
Specs: TypeAlias = Mapping[str, tuple[tuple[int, ...], str]]  # shape and type (as safetensors calls it) of each array
Moments: TypeAlias = tuple[Array, Array]  # mean (n,) and standard deviation (n,)

MIN_VARIANCE = 0.01  # where members agree: no measurement is repeated better than a tenth of the spread of the values
GP_FIT_ROWS = 1_000  # rows that decide a Gaussian process's length scale and noise
GP_ROWS = 5_000  # rows that it remembers: 200 MB, and seconds to factorize
MEMBERS, HIDDEN, EPOCHS, DECAY = 5, (256,), 40, 1.0  # few epochs and much decay: the data sets are small
_MAX_LAYERS, _MAX_WIDTH = 8, 4_096


class Regressor(Protocol):
    """What every kind of regressor offers; features are (n, D), standardized."""

    kind: ClassVar[str]
    sizes: Sizes

    def moments(self, x: Array) -> Moments:
        """Return the mean and the standard deviation of the value, each (n,)."""

    def arrays(self) -> Arrays:
        """Return all that `from_arrays` needs."""

    @classmethod
    def specs(cls, features: int, sizes: Sizes) -> Specs:
        """Return shape and type of each array."""

    @classmethod
    def from_arrays(cls, arrays: Arrays, features: int, sizes: Sizes) -> Regressor:
        """Return the regressor of arrays whose shapes are right."""


class Ridge:
    """Linear regression whose ridge penalty maximizes the evidence (MacKay, doi:10.1162/neco.1992.4.3.415)."""

    kind: ClassVar[str] = "ridge"

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self.sizes: Sizes = {}

    @classmethod
    def fit(cls, x: Array, y: Array, *, seed: int) -> Ridge:
        """Fit to features (n, D) and values (n,); `seed` is that of other kinds, here nothing is random."""
        found = BayesianRidge().fit(x, y)
        constants = np.array([found.intercept_, 1 / found.alpha_], dtype=np.float64)
        return cls({
            "center": x.mean(axis=0), "coefficients": found.coef_, "covariance": found.sigma_,
            "intercept_and_noise": constants,
        })  # fmt: skip

    def moments(self, x: Array) -> Moments:
        """Return the mean and standard deviation of the posterior predictive."""
        intercept, noise = self._arrays["intercept_and_noise"]
        centered = x - self._arrays["center"]
        variance = np.einsum("nd,nd->n", centered @ self._arrays["covariance"], centered)
        mean = np.einsum("nd,d->n", x, self._arrays["coefficients"]) + intercept
        return mean, np.sqrt(np.maximum(variance, 0) + max(float(noise), 1e-12))

    def arrays(self) -> Arrays:
        """Return mean point (D,), coefficients (D,), their covariance (D, D), intercept and noise variance (2,)."""
        return self._arrays

    @classmethod
    def specs(cls, features: int, sizes: Sizes) -> Specs:
        """Return shape and type of each array."""
        shapes: dict[str, tuple[int, ...]] = {"center": (features,), "coefficients": (features,)}
        shapes |= {"covariance": (features, features), "intercept_and_noise": (2,)}
        return {name: (shape, "F64") for name, shape in shapes.items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays, features: int, sizes: Sizes) -> Ridge:
        """Return the regressor of arrays whose shapes are right."""
        return cls(arrays)


class GaussianProcess:
    """A Gaussian process with a Matérn 5/2 kernel and noise (Rasmussen & Williams, gaussianprocess.org/gpml)."""

    kind: ClassVar[str] = "gp"

    def __init__(self, x: Array, y: Array, theta: Array) -> None:
        """Condition on values (n,) at points (n, D); `theta` are the logs of scale, length and noise (3,)."""
        self._given: Arrays = {"x": x, "y": y, "theta": theta}
        self.sizes: Sizes = {"rows": len(x)}
        kernel = _kernel(x.shape[1]).clone_with_theta(theta)
        self._process = GaussianProcessRegressor(kernel, optimizer=None, alpha=1e-8).fit(x, y)

    def mean_function(self) -> tuple[Array, Array, float, float]:
        """Return points (n, D), weights (n,), scale and length of the mean: Σ weight · scale · Matérn(distance)."""
        scale, length, _ = np.exp(self._given["theta"])
        return self._given["x"], self._process.alpha_, float(scale), float(length)

    @classmethod
    def fit(cls, x: Array, y: Array, *, seed: int) -> GaussianProcess:
        """Fit to features (n, D) and values (n,); beyond `GP_ROWS` rows, to as many drawn at random."""
        order = np.random.default_rng(seed).permutation(len(x))
        few, kept = order[:GP_FIT_ROWS], np.sort(order[:GP_ROWS])
        with warnings.catch_warnings():  # a scale at its bound is an answer: noise alone, or none
            warnings.simplefilter("ignore", ConvergenceWarning)
            process = GaussianProcessRegressor(_kernel(x.shape[1]), alpha=1e-8).fit(x[few], y[few])
        return cls(x[kept], y[kept], process.kernel_.theta)

    def moments(self, x: Array) -> Moments:
        """Return the mean and standard deviation of the posterior predictive, noise included."""
        mean, std = self._process.predict(x, return_std=True)
        return mean, std

    def arrays(self) -> Arrays:
        """Return the points (n, D), values (n,) and logarithms of scale, length and noise (3,)."""
        return self._given

    @classmethod
    def specs(cls, features: int, sizes: Sizes) -> Specs:
        """Return shape and type of each array.

        Raises:
            CheckpointError: more rows than such a process has.
        """
        rows = sizes["rows"]
        if not 1 <= rows <= GP_ROWS:
            raise CheckpointError(f"a Gaussian process must have 1 to {GP_ROWS:,} rows, got {rows}")
        return {"x": ((rows, features), "F64"), "y": ((rows,), "F64"), "theta": ((3,), "F64")}

    @classmethod
    def from_arrays(cls, arrays: Arrays, features: int, sizes: Sizes) -> GaussianProcess:
        """Return the process of arrays whose shapes are right.

        Raises:
            CheckpointError: numbers that make no kernel matrix.
        """
        x, y, theta = (np.asarray(arrays[name], dtype=np.float64) for name in ("x", "y", "theta"))
        if np.abs(theta).max() > 30 or max(np.abs(x).max(), np.abs(y).max()) > 1e6:
            raise CheckpointError("a Gaussian process has numbers beyond those of standardized data")
        try:
            return cls(x, y, theta)
        except (np.linalg.LinAlgError, ValueError) as err:
            raise CheckpointError(f"a Gaussian process cannot be restored: {err}") from err


def _kernel(features: int) -> Kernel:
    length = float(np.sqrt(features))  # typical distance of standardized points, but for a factor of 1.4
    return ConstantKernel(1.0, (1e-3, 1e3)) * Matern(length, (1e-2 * length, 1e2 * length), nu=2.5) + WhiteKernel(
        0.1, (MIN_VARIANCE, 1e1)
    )


class NeuralEnsemble:
    """Several small networks from different starts (Lakshminarayanan et al., arXiv:1612.01474)."""

    kind: ClassVar[str] = "mlp"

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self.layers = [(arrays[f"weight{i}"], arrays[f"bias{i}"]) for i in range(len(arrays) // 2)]
        widths = {f"width{i}": weight.shape[2] for i, (weight, _) in enumerate(self.layers[:-1])}
        self.sizes: Sizes = {"members": len(self.layers[0][0]), **widths}

    @classmethod
    def fit(cls, x: Array, y: Array, *, seed: int) -> NeuralEnsemble:
        """Fit to features (n, D) and values (n,)."""
        members = []
        for number in range(MEMBERS):
            network = MLPRegressor(
                hidden_layer_sizes=HIDDEN, alpha=DECAY, batch_size=min(64, len(x)), max_iter=EPOCHS,
                random_state=(seed + number) % 2**32,
            )  # fmt: skip
            with warnings.catch_warnings():  # it is to stop before it converges
                warnings.simplefilter("ignore", ConvergenceWarning)
                members.append(network.fit(x, y))
        return cls.of_sklearn(members)

    @classmethod
    def of_sklearn(cls, members: list[MLPRegressor]) -> NeuralEnsemble:
        """Return the arrays of fitted networks of one shape."""
        arrays = {}
        for i in range(len(members[0].coefs_)):
            arrays[f"weight{i}"] = np.stack([member.coefs_[i] for member in members])  # (members, in, out)
            arrays[f"bias{i}"] = np.stack([member.intercepts_[i] for member in members])  # (members, out)
        return cls(arrays)

    def moments(self, x: Array) -> Moments:
        """Return the mean and the standard deviation of the members."""
        values = np.broadcast_to(x, (len(self.layers[0][0]), *x.shape))
        for i, (weight, bias) in enumerate(self.layers):
            values = values @ weight + bias[:, None, :]
            if i < len(self.layers) - 1:
                values = np.maximum(values, 0)
        members = values[..., 0]  # (members, n)
        return members.mean(axis=0), np.sqrt(members.var(axis=0) + MIN_VARIANCE)

    def arrays(self) -> Arrays:
        """Return the weights (members, in, out) and biases (members, out) of each layer."""
        return self._arrays

    @classmethod
    def specs(cls, features: int, sizes: Sizes) -> Specs:
        """Return shape and type of each array.

        Raises:
            CheckpointError: sizes of no such network.
        """
        members, hidden = sizes["members"], len(sizes) - 1
        names = ["members", *(f"width{i}" for i in range(hidden))]
        if (
            set(sizes) != set(names)
            or hidden > _MAX_LAYERS
            or not 1 <= min(sizes.values()) <= max(sizes.values()) <= (_MAX_WIDTH)
        ):
            raise CheckpointError(f"a network ensemble must have sizes {', '.join(names)}, got {dict(sizes)!s:.80}")
        widths = [features, *(sizes[name] for name in names[1:]), 1]
        specs: dict[str, tuple[tuple[int, ...], str]] = {}
        for i, (before, after) in enumerate(itertools.pairwise(widths)):
            specs |= {f"weight{i}": ((members, before, after), "F64"), f"bias{i}": ((members, after), "F64")}
        return specs

    @classmethod
    def from_arrays(cls, arrays: Arrays, features: int, sizes: Sizes) -> NeuralEnsemble:
        """Return the ensemble of arrays whose shapes are right."""
        return cls(arrays)
