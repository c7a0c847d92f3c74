"""Densities over the latent space from which new molecules are drawn: one interface, stored with the model by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from molvae.errors import CheckpointError
from molvae.model.null_latent import NullLatent
from molvae.model.selection import Selection

WHOLE = "training-set"  # the prior that stands for all molecules that a model was trained on
_MAX_SIZE = 4_096
_LEAST_SIZE = {"selection": 0, "oddities": 0}


class LatentPrior(Protocol):
    """A density over latent points."""

    kind: ClassVar[str]  # names the class in the model file

    @property
    def temperature(self) -> float:
        """At which its points are best decoded: 0 where a point means one molecule."""

    @property
    def latent_dim(self) -> int:
        """Width D of the points."""

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` points, shape (n, D)."""

    def transform(self, noise: Tensor) -> Tensor:
        """Turn standard normal `noise` (n, D) into points of this density (n, D), row by row."""

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of `z` (n, D) in nats, shape (n,)."""

    def sizes(self) -> dict[str, int]:
        """Return the numbers that the shapes of `tensors` depend on, beside the latent size."""

    def tensors(self) -> dict[str, Tensor]:
        """Return what the model file must hold to build this prior again."""


class StandardNormal:
    """N(0, I), the prior that the loss is written with."""

    kind: ClassVar[str] = "normal"
    temperature: ClassVar[float] = 0.0

    def __init__(self, latent_dim: int) -> None:
        self.latent_dim = latent_dim

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` points, shape (n, D)."""
        return torch.randn(n, self.latent_dim, generator=generator, device=generator.device)

    def transform(self, noise: Tensor) -> Tensor:
        """Return `noise` (n, D) as it is."""
        return noise

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of `z` (n, D) in nats, shape (n,)."""
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=-1)

    def sizes(self) -> dict[str, int]:
        """Return nothing."""
        return {}

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: the width is the model's."""
        return {}


class FullGaussian:
    """A Gaussian with any mean and covariance, fitted to encoded molecules."""

    kind: ClassVar[str] = "full-gaussian"
    temperature: ClassVar[float] = 0.0

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        """Take the mean (D,) and the lower Cholesky factor of the covariance (D, D)."""
        if mean.ndim != 1 or scale.shape != (len(mean), len(mean)):
            raise ValueError(f"scale must have shape ({len(mean)}, {len(mean)}), got {tuple(scale.shape)}")
        if not (torch.isfinite(mean).all() and torch.isfinite(scale).all() and (scale.diagonal() > 0).all()):
            raise ValueError("mean and scale must be finite, and the diagonal of scale positive")
        self.mean, self.scale = mean, scale.tril()

    @property
    def latent_dim(self) -> int:
        return len(self.mean)

    @classmethod
    def fit(cls, mean: Tensor, log_var: Tensor) -> FullGaussian:
        """Fit the aggregate posterior of n molecules by its first two moments.

        The covariance of a mixture of Gaussians is that of the means plus the mean of the variances, so nothing is
        sampled; the second part also keeps the matrix positive definite when n is below D.

        Args:
            mean: posterior means, shape (n, D).
            log_var: posterior log-variances, shape (n, D).
        """
        if mean.ndim != 2 or mean.shape != log_var.shape or len(mean) < 2:
            raise ValueError(f"mean and log_var must both have shape (n >= 2, D), got {tuple(mean.shape)}")
        means = mean.double()
        centre = means.mean(dim=0)
        covariance = (means - centre).T @ (means - centre) / (len(means) - 1)
        covariance += torch.diag(log_var.double().exp().mean(dim=0))
        return cls(centre.float(), torch.linalg.cholesky(covariance).float())

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` points, shape (n, D)."""
        noise = torch.randn(n, self.latent_dim, generator=generator, device=generator.device)
        return self.transform(noise.to(self.mean.device))

    def transform(self, noise: Tensor) -> Tensor:
        """Return mean + L·noise, shape (n, D)."""
        # Sums over one axis, not a matrix product, whose order of sums would depend on the number of rows.
        blocks = [(block.unsqueeze(1) * self.scale).sum(dim=-1) for block in torch.split(noise, 256)]
        return torch.cat(blocks) + self.mean

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of `z` (n, D) in nats, shape (n,)."""
        constant = self.scale.diagonal().log().sum() + 0.5 * self.latent_dim * math.log(2 * math.pi)
        return -0.5 * self.distance(z).square() - constant

    def distance(self, z: Tensor) -> Tensor:
        """Return the Mahalanobis distance of `z` (n, D) to the mean, in standard deviations, shape (n,)."""
        white: Tensor = torch.linalg.solve_triangular(self.scale, (z - self.mean).T, upper=False)
        return white.square().sum(dim=0).sqrt()

    def sizes(self) -> dict[str, int]:
        """Return nothing."""
        return {}

    def tensors(self) -> dict[str, Tensor]:
        """Return the mean (D,) and the Cholesky factor (D, D)."""
        return {"mean": self.mean, "scale": self.scale}


def prior_shapes(kind: str, latent_dim: int, sizes: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
    """Return the tensors that a prior of this kind and `sizes` needs in the model file, with their shapes.

    Raises:
        CheckpointError: the kind is unknown to this version, or a size is missing, unknown or out of range.
    """
    names: dict[str, tuple[str, ...]] = {
        StandardNormal.kind: (),
        FullGaussian.kind: (),
        NullLatent.kind: ("points", "selection", "oddities"),
    }
    if kind not in names:
        raise CheckpointError(f"prior kind must be one of {', '.join(names)}, got {kind[:80]!r}")
    if set(sizes) != set(names[kind]):
        raise CheckpointError(f"a prior of kind {kind!r} has the sizes {list(names[kind])}, got {list(sizes)[:5]}")
    for name, value in sizes.items():
        least = _LEAST_SIZE.get(name, 1)
        if type(value) is not int or not least <= value <= _MAX_SIZE:
            raise CheckpointError(
                f"{name} of a prior must be a whole number from {least} to {_MAX_SIZE}, got {value!r:.80}"
            )
    if kind == FullGaussian.kind:
        return {"mean": (latent_dim,), "scale": (latent_dim, latent_dim)}
    if kind == NullLatent.kind:
        points, selection, oddities = (sizes[name] for name in names[kind])
        assert isinstance(points, int)
        assert isinstance(selection, int)
        assert isinstance(oddities, int)
        own: dict[str, tuple[int, ...]] = {"points": (points, latent_dim), "weights": (points,), "temperature": (1,)}
        if selection:
            own |= {"selection": (selection,), "selection_offset": (1,)}
        return own | ({"selection_odd": (oddities,)} if selection and oddities else {})
    return {}


def build_prior(kind: str, latent_dim: int, tensors: dict[str, Tensor]) -> LatentPrior:
    """Return the prior of this kind from the tensors named by `prior_shapes`, which has checked the kind.

    Raises:
        CheckpointError: the numbers are none of such a prior.
    """
    try:
        if kind == FullGaussian.kind:
            return FullGaussian(tensors["mean"], tensors["scale"])
        if kind == NullLatent.kind:
            selection = None
            if "selection" in tensors:
                offset = float(tensors["selection_offset"])
                selection = Selection(tensors["selection"], offset, tensors.get("selection_odd"))
            return NullLatent(tensors["points"], tensors["weights"], round(float(tensors["temperature"]), 6), selection)
    except ValueError as err:
        raise CheckpointError(f"prior {kind!r}: {err}") from err
    return StandardNormal(latent_dim)
