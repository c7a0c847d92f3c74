"""The whole model: weights from a generator, and learning."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from molvae.errors import ConfigError
from molvae.model import MoleculeVAE, VAEConfig, build_vae, generate
from molvae.model.loss import token_nll
from molvae.model.scan import layer_weights


def test_first_weights_come_from_the_generator_alone() -> None:
    config = VAEConfig(embedding_dim=4, encoder_hidden_dim=5, latent_dim=3, decoder_hidden_dim=6)
    state = torch.get_rng_state()
    first, again, other = (
        build_vae(config, vocabulary_size=9, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), state)
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
    assert not torch.equal(first.decoder.to_logits.weight, other.decoder.to_logits.weight)


def test_recurrent_blocks_start_orthogonal() -> None:
    vae = build_vae(VAEConfig(decoder_hidden_dim=20), vocabulary_size=9)
    _, weight_hh, _, _ = layer_weights(vae.decoder.gru, 0)
    for block in weight_hh.detach().chunk(3):
        torch.testing.assert_close(block @ block.T, torch.eye(20), atol=1e-5, rtol=0)


def test_it_learns_a_handful_of_molecules_by_heart(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    vae.train()
    optimizer = torch.optim.AdamW(vae.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        optimizer.zero_grad()
        vae(tokens, lengths, generator=generator).loss(0.01).backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
    vae.eval()
    made = generate(vae.decoder, vae.encode(tokens, lengths).mean, max_symbols=12)
    assert made.sequences() == [
        column[1 : length - 1].tolist() for column, length in zip(tokens.T, lengths, strict=True)
    ]


def test_a_null_latent_replaces_the_posterior_of_the_last_molecules(
    vae: MoleculeVAE, tokens: Tensor, lengths: Tensor, z: Tensor
) -> None:
    null, noise = z[:2], torch.Generator().manual_seed(3)
    terms = vae(tokens, lengths, generator=noise, null_latents=null)
    coded = vae(tokens[:, :3], lengths[:3], generator=noise.manual_seed(3))
    torch.testing.assert_close(terms.reconstruction, coded.reconstruction)
    torch.testing.assert_close(terms.kl, coded.kl)
    expected = token_nll(vae.decoder(null, tokens[:-1, 3:]), tokens[1:, 3:])
    torch.testing.assert_close(terms.unconditional, expected)
    whole = (coded.reconstruction.sum() + 0.1 * coded.kl.sum() + expected.sum()) / 5
    torch.testing.assert_close(terms.loss(0.1), whole)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"latent_dim": 0}, "latent_dim"),
        ({"decoder_layers": 9}, "decoder_layers"),
        ({"word_dropout": 1.0}, "word_dropout"),
    ],
)
def test_impossible_sizes_are_named(settings: dict[str, float], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        VAEConfig(**settings)  # type: ignore[arg-type]
