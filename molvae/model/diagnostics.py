"""Is the latent space used? The signs of posterior collapse, from encoded molecules."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from molvae.model.loss import token_nll
from molvae.model.posterior import DiagonalGaussian
from molvae.model.vae import MoleculeVAE


@dataclass(frozen=True)
class LatentUse:
    """How much of the latent space a set of molecules uses."""

    active_units: int  # dimensions whose mean varies over the data by more than 0.01 (Burda et al., arXiv:1509.00519)
    kl: float  # nats per molecule
    kl_per_dimension: tuple[float, ...]  # nats


def latent_use(posterior: DiagonalGaussian) -> LatentUse:
    """Measure how much of the latent space the posteriors of n molecules use."""
    per_dimension = posterior.kl_per_dimension().double().mean(dim=0)
    variance = posterior.mean.double().var(dim=0) if len(posterior.mean) > 1 else torch.zeros_like(per_dimension)
    return LatentUse(int((variance > 0.01).sum()), float(per_dimension.sum()), tuple(per_dimension.tolist()))


@torch.no_grad()
def shuffle_gap(vae: MoleculeVAE, tokens: Tensor, z: Tensor) -> float:
    """Return how many more nats per token the decoder needs when each molecule gets its neighbour's z.

    A decoder that ignores z has a gap of 0. `tokens` are time-major (T, B) with begin and end; `z` is (B, D), B >= 2.
    """
    targets = tokens[1:]
    own, other = (token_nll(vae.decoder(points, tokens[:-1]), targets).sum() for points in (z, z.roll(1, dims=0)))
    return float((other - own) / (targets != 0).sum())
