from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.datasets.batches import collate
from molvae.datasets.shards import TokenShard
from molvae.model.config import VAEConfig
from molvae.model.vae import MoleculeVAE, build_vae
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN
from molvae.training.events import Validation
from molvae.training.metrics import validate, warn_of_collapse


@pytest.fixture
def vae(shard: TokenShard, vae_config: VAEConfig) -> MoleculeVAE:
    """A model that has learned its first steps, so that some molecules come out right and some do not."""
    vae = build_vae(vae_config, vocabulary_size=len(shard.vocabulary))
    optimizer = torch.optim.Adam(vae.parameters(), lr=0.02)
    batch = collate(shard, np.arange(8))
    for step in range(60):
        generator = torch.Generator().manual_seed(step)
        terms = vae(torch.from_numpy(batch.tokens), torch.from_numpy(batch.lengths), generator=generator)
        optimizer.zero_grad()
        terms.loss(0.0).backward()
        optimizer.step()
    return vae.eval()


def measure(vae: MoleculeVAE, shard: TokenShard, rows: NDArray[np.int64]) -> Validation:
    return validate(
        vae,
        shard,
        rows,
        collate=lambda chosen: collate(shard, chosen),
        beta=0.1,
        step=1,
        seed=0,
    )


@torch.no_grad()
def greedy(vae: MoleculeVAE, z: Tensor, max_tokens: int) -> list[int]:
    """Decode one point (1, D) by the definition: ask, append the most likely token, ask again."""
    tokens = [BOS_TOKEN]
    while len(tokens) < max_tokens and tokens[-1] != EOS_TOKEN:
        logits = vae.decoder(z, torch.tensor(tokens).unsqueeze(1))
        tokens.append(int(logits[-1, 0].argmax()))
    return tokens[1:]


def test_exact_reconstruction_is_what_a_greedy_decoding_loop_gives(vae: MoleculeVAE, shard: TokenShard) -> None:
    rows = np.arange(40)
    hits = 0
    for row in rows:
        batch = collate(shard, np.array([row]))
        with torch.no_grad():
            mean = vae.encode(torch.from_numpy(batch.tokens), torch.from_numpy(batch.lengths)).mean
        hits += greedy(vae, mean, max_tokens=20) == batch.tokens[1:, 0].tolist()
    assert 0 < hits < len(rows)
    assert measure(vae, shard, rows).exact_reconstruction == hits / len(rows)


def test_the_parts_agree_with_each_other(vae: MoleculeVAE, shard: TokenShard) -> None:
    rows = np.arange(30)
    found = measure(vae, shard, rows)
    assert found.loss == pytest.approx(found.reconstruction + 0.1 * found.kl)
    assert found.kl == pytest.approx(sum(found.kl_per_dimension))
    tokens = (shard.lengths[rows] + 1).sum()
    assert found.nats_per_token * tokens == pytest.approx(found.reconstruction * len(rows))
    assert found.exact_reconstruction <= found.token_accuracy <= 1
    assert found.shuffle_gap > 0.05, "this decoder reads z"


def test_a_decoder_that_cannot_see_z_has_no_shuffle_gap(
    vae: MoleculeVAE, shard: TokenShard, caplog: pytest.LogCaptureFixture
) -> None:
    with torch.no_grad():
        vae.encoder.to_posterior.weight.zero_()
        vae.encoder.to_posterior.bias.zero_()
    found = measure(vae, shard, np.arange(30))
    assert found.kl == 0
    assert found.active_units == 0
    vae.decoder.forward = lambda z, tokens, **_: vae_forward_without_z(vae, tokens)  # type: ignore[method-assign]
    blind = measure(vae, shard, np.arange(30))
    assert blind.shuffle_gap == 0
    with caplog.at_level(logging.WARNING):
        warn_of_collapse(blind)
    assert "posterior collapse: 0 of 6 latent dimensions" in caplog.text
    assert "ignores z" in caplog.text


def vae_forward_without_z(vae: MoleculeVAE, tokens: Tensor) -> Tensor:
    return torch.zeros(*tokens.shape, vae.vocabulary_size)


def test_a_healthy_model_gets_no_warning(vae: MoleculeVAE, shard: TokenShard, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_collapse(measure(vae, shard, np.arange(30)))
    assert caplog.text == ""


def test_one_molecule_can_be_validated(vae: MoleculeVAE, shard: TokenShard) -> None:
    assert measure(vae, shard, np.arange(1)).molecules == 1
