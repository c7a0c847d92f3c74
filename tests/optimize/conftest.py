"""A tiny model, trained for a moment on small real molecules."""

from __future__ import annotations

import pytest
import torch

from molvae.chem.settings import Standardization
from molvae.latent.network import pad
from molvae.latent.space import LatentSpace
from molvae.model.checkpoint import Checkpoint
from molvae.model.config import VAEConfig
from molvae.model.vae import build_vae
from molvae.tokens.bulk import tokenize_many
from molvae.tokens.codec import TokenizedMolecule
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def space(wehi_smiles: list[str]) -> LatentSpace:
    """Its latent space, in this process alone."""
    shortest = sorted(set(wehi_smiles), key=lambda smiles: (len(smiles), smiles))[:64]
    rows = [row for row in tokenize_many(shortest) if isinstance(row, TokenizedMolecule)]
    vocabulary = Vocabulary.from_symbols({symbol for row in rows for symbol in row.symbols})
    tokens, lengths = pad([vocabulary.encode(row.symbols) for row in rows])
    config = VAEConfig(embedding_dim=16, encoder_hidden_dim=32, latent_dim=8, decoder_hidden_dim=64)
    vae = build_vae(config, vocabulary_size=len(vocabulary)).train()
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(vae.parameters(), lr=5e-3)
    for _ in range(80):
        loss = vae(tokens, lengths, generator=generator).loss(0.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    standardization = Standardization(max_symbols=40)  # a tiny model rambles
    checkpoint = Checkpoint(vae.eval(), config, vocabulary, DEFAULT_CONSTRAINTS, standardization)
    return LatentSpace(checkpoint, threads=1, workers=1)
