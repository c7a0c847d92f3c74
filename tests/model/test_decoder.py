"""The decoder sees z and the tokens so far, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

from molvae.model import MoleculeVAE


def test_logits_do_not_depend_on_later_tokens(vae: MoleculeVAE, z: Tensor, tokens: Tensor) -> None:
    z = z[: tokens.shape[1]]
    changed = tokens.clone()
    changed[4] = 3 + (changed[4] - 2) % 9
    before, after = vae.decoder(z, tokens), vae.decoder(z, changed)
    torch.testing.assert_close(after[:4], before[:4])
    assert not torch.allclose(after[4:], before[4:], atol=1e-4)


def test_z_is_seen_at_every_step(vae: MoleculeVAE, z: Tensor, tokens: Tensor) -> None:
    near, far = z[: tokens.shape[1]], z[5 : 5 + tokens.shape[1]]
    difference = (vae.decoder(near, tokens) - vae.decoder(far, tokens)).abs().amax(dim=(1, 2))
    assert (difference > 1e-3).all()


def test_dropout_is_off_in_evaluation_and_drawn_from_the_generator_in_training(
    vae: MoleculeVAE, z: Tensor, tokens: Tensor
) -> None:
    z, decoder = z[: tokens.shape[1]], vae.decoder
    plain = decoder(z, tokens)
    decoder.word_dropout = decoder.embedding_dropout = 0.5
    assert torch.equal(decoder(z, tokens), plain)
    decoder.train()
    state = torch.get_rng_state()
    first, second, other = (decoder(z, tokens, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert not torch.equal(first, plain)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_word_dropped_everywhere_leaves_only_z(vae: MoleculeVAE, z: Tensor, tokens: Tensor) -> None:
    z, decoder = z[: tokens.shape[1]], vae.decoder
    blind = decoder(z, torch.zeros_like(tokens))
    decoder.word_dropout = 1 - 1e-12
    decoder.train()
    torch.testing.assert_close(decoder(z, tokens, generator=torch.Generator().manual_seed(0)), blind)
