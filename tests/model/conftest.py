"""Small models and batches: real parts, with sizes that run in milliseconds."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from molvae.model import MoleculeVAE, VAEConfig, build_vae
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN, PAD_TOKEN

VOCABULARY_SIZE = 12

SMALL = VAEConfig(embedding_dim=6, encoder_hidden_dim=10, latent_dim=4, decoder_hidden_dim=14)
DEEP = VAEConfig(
    embedding_dim=6, encoder_hidden_dim=10, encoder_layers=2, latent_dim=4, decoder_hidden_dim=14, decoder_layers=3
)


@pytest.fixture(params=[SMALL, DEEP], ids=["one-layer", "deep"])
def vae(request: pytest.FixtureRequest) -> MoleculeVAE:
    """An untrained model whose molecules end after a few symbols."""
    model = build_vae(request.param, vocabulary_size=VOCABULARY_SIZE, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        for parameter in model.parameters():  # livelier than fresh weights, so that rows differ visibly
            parameter.mul_(1.5)
        model.decoder.to_logits.bias[EOS_TOKEN] = 1.0
    return model.eval()


@pytest.fixture
def lengths() -> Tensor:
    """Lengths (B,) of the molecules of `tokens`."""
    return torch.tensor([9, 4, 6, 9, 3])


@pytest.fixture
def tokens(lengths: Tensor) -> Tensor:
    """Random molecules (T, B) with begin, end and padding."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(3, VOCABULARY_SIZE, (9, len(lengths)), generator=generator)
    tokens[0] = BOS_TOKEN
    for column, length in enumerate(lengths.tolist()):
        tokens[length - 1, column] = EOS_TOKEN
        tokens[length:, column] = PAD_TOKEN
    return tokens


@pytest.fixture
def z() -> Tensor:
    """Latent points (40, D)."""
    return 2 * torch.randn(40, 4, generator=torch.Generator().manual_seed(2))
