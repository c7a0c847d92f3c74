"""The bounds are bounds: below log p(x), which a one-dimensional latent space lets us integrate."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from molvae.model import MoleculeVAE, VAEConfig, build_vae, elbo, importance_weighted_bound
from molvae.model.loss import token_nll


@pytest.fixture
def line() -> MoleculeVAE:
    """A model with one latent dimension."""
    config = VAEConfig(embedding_dim=6, encoder_hidden_dim=10, latent_dim=1, decoder_hidden_dim=14)
    return build_vae(config, vocabulary_size=12, generator=torch.Generator().manual_seed(3)).eval()


@torch.no_grad()
def log_p(vae: MoleculeVAE, tokens: Tensor) -> Tensor:
    """Integrate p(x | z) N(z; 0, 1) over a grid, shape (B,)."""
    grid = torch.linspace(-8, 8, 1601)
    log_density = -0.5 * grid.square() - 0.5 * math.log(2 * math.pi) + math.log(float(grid[1] - grid[0]))
    columns = []
    for column in range(tokens.shape[1]):
        many = tokens[:, column : column + 1].expand(-1, len(grid)).contiguous()
        columns.append((log_density - token_nll(vae.decoder(grid.unsqueeze(1), many[:-1]), many[1:])).logsumexp(dim=0))
    return torch.stack(columns)


def test_many_importance_samples_reach_the_integral(line: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    exact = log_p(line, tokens)
    bound = importance_weighted_bound(line, tokens, lengths, samples=400)
    torch.testing.assert_close(bound, exact, atol=0.03, rtol=0)


def test_the_elbo_lies_below_and_more_samples_lie_between(line: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    with torch.no_grad():
        line.encoder.to_posterior.weight.mul_(3)  # a poor posterior, so that the gap shows
    exact = log_p(line, tokens).mean()
    seeds = range(40)
    plain = torch.stack([elbo(line, tokens, lengths, seed=seed) for seed in seeds]).mean()
    few = torch.stack([importance_weighted_bound(line, tokens, lengths, samples=5, seed=s) for s in seeds]).mean()
    assert plain < few - 0.01
    assert few < exact + 0.02


def test_a_molecule_scores_the_same_in_any_batch(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    whole = elbo(vae, tokens, lengths, seed=4)
    parts = [elbo(vae, tokens[:, i : i + 1], lengths[i : i + 1], seed=4, first_row=i) for i in range(len(lengths))]
    torch.testing.assert_close(torch.cat(parts), whole)


def test_the_mode_of_the_model_is_left_as_it_was(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    vae.train()
    elbo(vae, tokens, lengths)
    assert vae.training


def test_no_samples_are_refused(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    with pytest.raises(ValueError, match="samples must be at least 1, got 0"):
        importance_weighted_bound(vae, tokens, lengths, samples=0)
