"""The negative evidence lower bound, in nats per molecule.

Both parts are sums: over tokens, padding excluded, and over latent dimensions. So one β means one thing, whatever the
batch, the padding or the latent size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from molvae.model.posterior import DiagonalGaussian
from molvae.tokens.vocabulary import PAD_TOKEN


class ElboTerms(NamedTuple):
    """The two parts of the negative ELBO (Kingma & Welling, arXiv:1312.6114)."""

    reconstruction: Tensor  # (B,) nats: -log p(x | z)
    kl_per_dimension: Tensor  # (B, D) nats
    unconditional: Tensor | None = None  # (N,) nats: -log p(x | null latent) of N molecules more

    @property
    def kl(self) -> Tensor:
        """KL(q(z | x) || N(0, I)) in nats, shape (B,)."""
        return self.kl_per_dimension.sum(dim=-1)

    def loss(self, beta: float, *, free_bits: float = 0.0) -> Tensor:
        """Return reconstruction + β·KL in nats per molecule, a scalar; unconditional molecules have no KL term.

        Args:
            beta: weight of the KL term; 1 is the ELBO (Higgins et al., β-VAE, ICLR 2017).
            free_bits: nats that each latent dimension may use, on average over the batch, before it costs anything
                (Kingma et al., arXiv:1606.04934, eq. 15).
        """
        per_dimension = self.kl_per_dimension.mean(dim=0)
        if free_bits > 0:
            per_dimension = per_dimension.clamp(min=free_bits)
        coded = self.reconstruction.mean() + beta * per_dimension.sum()
        if self.unconditional is None:
            return coded
        share = len(self.unconditional) / (len(self.unconditional) + len(self.reconstruction))
        return (1 - share) * coded + share * self.unconditional.mean()


def token_nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Score `targets` (T, B) under `logits` (T, B, V): -log p in nats per molecule, shape (B,); padding is free."""
    losses = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=PAD_TOKEN, reduction="none")
    return losses.view(targets.shape).sum(dim=0)


def elbo_terms(logits: Tensor, targets: Tensor, posterior: DiagonalGaussian) -> ElboTerms:
    """Return the ELBO terms of `targets` (T, B) under `logits` (T, B, V); padding contributes nothing."""
    posterior = DiagonalGaussian(posterior.mean.float(), posterior.log_var.float())
    return ElboTerms(reconstruction=token_nll(logits, targets), kl_per_dimension=posterior.kl_per_dimension())
