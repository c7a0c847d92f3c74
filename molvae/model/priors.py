"""Densities over the latent space from which new molecules are drawn: one interface, stored with the model by name."""

from __future__ import annotations

import math
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from molvae.errors import CheckpointError


class LatentPrior(Protocol):
    """A density over latent points."""

    kind: ClassVar[str]  # names the class in the model file

    @property
    def latent_dim(self) -> int:
        """Width D of the points."""

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` points, shape (n, D)."""

    def transform(self, noise: Tensor) -> Tensor:
        """Turn standard normal `noise` (n, D) into points of this density (n, D), row by row."""

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of `z` (n, D) in nats, shape (n,)."""

    def tensors(self) -> dict[str, Tensor]:
        """Return what the model file must hold to build this prior again."""


class StandardNormal:
    """N(0, I), the prior that the loss is written with."""

    kind: ClassVar[str] = "normal"

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

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: the width is the model's."""
        return {}


class FullGaussian:
    """A Gaussian with any mean and covariance, fitted to encoded molecules."""

    kind: ClassVar[str] = "full-gaussian"

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
        white = torch.linalg.solve_triangular(self.scale, (z - self.mean).T, upper=False)
        constant = self.scale.diagonal().log().sum() + 0.5 * self.latent_dim * math.log(2 * math.pi)
        log_prob: Tensor = -0.5 * white.square().sum(dim=0) - constant
        return log_prob

    def tensors(self) -> dict[str, Tensor]:
        """Return the mean (D,) and the Cholesky factor (D, D)."""
        return {"mean": self.mean, "scale": self.scale}


def prior_shapes(kind: str, latent_dim: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors that a prior of this kind needs in the model file, with their shapes.

    Raises:
        CheckpointError: the kind is unknown to this version.
    """
    shapes: dict[str, dict[str, tuple[int, ...]]] = {
        StandardNormal.kind: {},
        FullGaussian.kind: {"mean": (latent_dim,), "scale": (latent_dim, latent_dim)},
    }
    if kind not in shapes:
        raise CheckpointError(f"prior kind must be one of {', '.join(shapes)}, got {kind[:80]!r}")
    return shapes[kind]


def build_prior(kind: str, latent_dim: int, tensors: dict[str, Tensor]) -> LatentPrior:
    """Return the prior of this kind from the tensors named by `prior_shapes`."""
    if kind == FullGaussian.kind:
        try:
            return FullGaussian(tensors["mean"], tensors["scale"])
        except ValueError as err:
            raise CheckpointError(f"prior {kind!r}: {err}") from err
    prior_shapes(kind, latent_dim)
    return StandardNormal(latent_dim)
