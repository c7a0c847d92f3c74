"""The loss is in nats per molecule, whatever the padding, the batch or the latent size."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from molvae.model import MoleculeVAE
from molvae.model.loss import ElboTerms, elbo_terms, token_nll
from molvae.model.posterior import DiagonalGaussian


def test_a_uniform_decoder_costs_log_v_nats_per_token(tokens: Tensor, lengths: Tensor) -> None:
    logits = torch.zeros(*tokens[1:].shape, 12)
    torch.testing.assert_close(token_nll(logits, tokens[1:]), (lengths - 1) * math.log(12))


def test_padding_changes_nothing(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    padded = torch.cat([tokens, torch.zeros(5, tokens.shape[1], dtype=torch.int64)])
    z = torch.randn(len(lengths), 4, generator=torch.Generator().manual_seed(0))
    posterior = vae.encode(tokens, lengths)
    torch.testing.assert_close(vae.encode(padded, lengths), posterior)
    short = elbo_terms(vae.decoder(z, tokens[:-1]), tokens[1:], posterior)
    long = elbo_terms(vae.decoder(z, padded[:-1]), padded[1:], posterior)
    torch.testing.assert_close(long.reconstruction, short.reconstruction)


def test_a_batch_costs_the_mean_of_its_molecules(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    z = torch.randn(len(lengths), 4, generator=torch.Generator().manual_seed(0))
    whole = elbo_terms(vae.decoder(z, tokens[:-1]), tokens[1:], vae.encode(tokens, lengths))
    single = [
        elbo_terms(
            vae.decoder(z[i : i + 1], tokens[:-1, i : i + 1]),
            tokens[1:, i : i + 1],
            vae.encode(tokens[:, i : i + 1], lengths[i : i + 1]),
        ).loss(0.3)
        for i in range(len(lengths))
    ]
    torch.testing.assert_close(whole.loss(0.3), torch.stack(single).mean())


def test_beta_weighs_the_kl() -> None:
    terms = ElboTerms(torch.tensor([10.0, 20.0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert terms.loss(0.0) == 15.0
    assert terms.loss(1.0) == 15.0 + 5.0
    assert terms.kl.tolist() == [3.0, 7.0]


def test_free_bits_are_free_in_each_dimension_and_have_no_gradient() -> None:
    kl = torch.tensor([[0.1, 2.0], [0.3, 4.0]], requires_grad=True)
    terms = ElboTerms(torch.zeros(2), kl)
    loss = terms.loss(1.0, free_bits=0.5)
    assert float(loss.detach()) == pytest.approx(0.5 + 3.0)
    loss.backward()
    assert kl.grad is not None
    assert kl.grad[:, 0].tolist() == [0.0, 0.0]
    assert kl.grad[:, 1].tolist() == [0.5, 0.5]


def test_the_kl_is_counted_in_single_precision(tokens: Tensor) -> None:
    posterior = DiagonalGaussian(torch.full((5, 2), 1.01), torch.full((5, 2), 0.01))
    half = DiagonalGaussian(posterior.mean.bfloat16(), posterior.log_var.bfloat16())
    terms = elbo_terms(torch.zeros(8, 5, 12, dtype=torch.bfloat16), tokens[1:], half)
    assert terms.reconstruction.dtype == terms.kl.dtype == torch.float32
