"""How likely the model finds a molecule: the ELBO and the tighter importance-weighted bound."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.model.loss import elbo_terms
from molvae.model.noise import keyed_normal
from molvae.model.vae import MoleculeVAE


@torch.no_grad()
def elbo(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor, *, seed: int = 0, first_row: int = 0) -> Tensor:
    """Return a one-sample estimate of the ELBO, a lower bound of log p(x), in nats per molecule, shape (B,).

    Args:
        vae: in any mode; dropout is off.
        tokens: time-major with begin, end and padding, shape (T, B).
        lengths: with begin and end, shape (B,).
        seed: of the noise, which belongs to the row.
        first_row: the row number of the first molecule, for a caller who scores a long list in pieces.
    """
    return -_bounds(vae, tokens, lengths, samples=1, seed=seed, first_row=first_row, kl_in_closed_form=True)[0]


@torch.no_grad()
def importance_weighted_bound(
    vae: MoleculeVAE, tokens: Tensor, lengths: Tensor, *, samples: int = 16, seed: int = 0, first_row: int = 0
) -> Tensor:
    """Return log 1/K Σ p(x, z_k) / q(z_k | x) with z_k ~ q(z | x), in nats per molecule, shape (B,).

    It rises with K towards log p(x) (Burda et al., arXiv:1509.00519, eq. 8). Arguments as for `elbo`.
    """
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    negative = _bounds(vae, tokens, lengths, samples=samples, seed=seed, first_row=first_row, kl_in_closed_form=False)
    return (-negative).logsumexp(dim=0) - math.log(samples)


def _bounds(
    vae: MoleculeVAE,
    tokens: Tensor,
    lengths: Tensor,
    *,
    samples: int,
    seed: int,
    first_row: int,
    kl_in_closed_form: bool,
) -> Tensor:
    """Return -log p(x | z_k) plus the KL term of each sample, shape (samples, B)."""
    was_training = vae.training
    vae.eval()
    try:
        posterior = vae.encode(tokens, lengths)
        rows: NDArray[np.int64] = np.arange(first_row, first_row + tokens.shape[1])
        bounds = []
        for k in range(samples):
            columns = range(k * vae.latent_dim, (k + 1) * vae.latent_dim)
            noise = keyed_normal(seed, rows, columns).to(posterior.mean.device)
            z = posterior.mean + (0.5 * posterior.log_var).exp() * noise
            terms = elbo_terms(vae.decoder(z, tokens[:-1]), tokens[1:], posterior)
            if kl_in_closed_form:
                kl = terms.kl
            else:
                prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=-1)
                kl = posterior.log_prob(z) - prior
            bounds.append(terms.reconstruction + kl)
        return torch.stack(bounds)
    finally:
        vae.train(was_training)
