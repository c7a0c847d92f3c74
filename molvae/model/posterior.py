"""The approximate posterior q(z | x) as a value (Kingma & Welling, arXiv:1312.6114)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class DiagonalGaussian(NamedTuple):
    """q(z | x), one diagonal Gaussian per molecule."""

    mean: Tensor  # (B, D)
    log_var: Tensor  # (B, D)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one reparameterized point per molecule, shape (B, D)."""
        noise = torch.randn(self.mean.shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + (0.5 * self.log_var).exp() * noise

    def kl_per_dimension(self) -> Tensor:
        """KL(q || N(0, 1)) of each latent dimension in nats, shape (B, D)."""
        return 0.5 * (self.log_var.exp() + self.mean.square() - 1 - self.log_var)

    def kl_to_standard_normal(self) -> Tensor:
        """KL(q || N(0, I)) in nats, shape (B,)."""
        return self.kl_per_dimension().sum(dim=-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of `z` (…, B, D) in nats, shape (…, B)."""
        squared = (z - self.mean).square() * (-self.log_var).exp()
        return -0.5 * (squared + self.log_var + math.log(2 * math.pi)).sum(dim=-1)
