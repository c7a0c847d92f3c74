"""A tiny model, trained for seconds on small real molecules until it gives most of them back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from molvae.chem.settings import Standardization
from molvae.latent.network import pad
from molvae.latent.space import LatentSpace
from molvae.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.null_latent import NullLatent
from molvae.model.priors import LatentPrior
from molvae.model.vae import build_vae
from molvae.tokens.bulk import tokenize_many
from molvae.tokens.codec import MoleculeCodec, TokenizedMolecule
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary

CONFIG = VAEConfig(embedding_dim=24, encoder_hidden_dim=48, latent_dim=24, decoder_hidden_dim=96)


@pytest.fixture(scope="session")
def corpus(wehi_smiles: list[str]) -> list[str]:
    """64 small drug-like molecules, canonical."""
    shortest = sorted(set(wehi_smiles), key=lambda smiles: (len(smiles), smiles))[:64]
    return [row.smiles for row in tokenize_many(shortest) if isinstance(row, TokenizedMolecule)]


@pytest.fixture(scope="session")
def model(corpus: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the trained model."""
    rows = [row for row in tokenize_many(corpus) if isinstance(row, TokenizedMolecule)]
    vocabulary = Vocabulary.from_symbols({symbol for row in rows for symbol in row.symbols})
    tokens, lengths = pad([vocabulary.encode(row.symbols) for row in rows])
    vae = build_vae(CONFIG, vocabulary_size=len(vocabulary)).train()
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(vae.parameters(), lr=4e-3)
    for _ in range(160):
        loss = vae(tokens, lengths, generator=generator).loss(0.05)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
    folder = tmp_path_factory.mktemp("model")
    standardization = Standardization(max_symbols=50)  # a tiny model rambles far from what it was trained on
    save_checkpoint(folder, Checkpoint(vae.eval(), CONFIG, vocabulary, DEFAULT_CONSTRAINTS, standardization))
    return folder


@pytest.fixture(scope="session")
def writing_model(model: Path, corpus: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same model, trained further so that it also writes molecules without z."""
    checkpoint = load_checkpoint(model)
    codec = MoleculeCodec(checkpoint.vocabulary, checkpoint.constraints, checkpoint.standardization)
    tokens, lengths = pad([codec.encode(smiles).tokens for smiles in corpus])
    points = torch.zeros(1, CONFIG.latent_dim, requires_grad=True)
    optimizer = torch.optim.Adam([*checkpoint.vae.parameters(), points], lr=4e-3)
    generator = torch.Generator().manual_seed(1)
    for _ in range(60):
        order = torch.randperm(len(corpus), generator=generator)
        terms = checkpoint.vae(
            tokens[:, order], lengths[order], generator=generator, null_latents=points.expand(32, -1)
        )
        optimizer.zero_grad()
        terms.loss(0.05).backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("writing")
    priors: dict[str, LatentPrior] = {"training-set": NullLatent(points.detach(), torch.ones(1))}
    save_checkpoint(folder, dataclasses.replace(checkpoint, priors=priors, default_prior="training-set"))
    return folder


@pytest.fixture(scope="session")
def space(model: Path) -> LatentSpace:
    """The latent space of the trained model, in this process alone."""
    return LatentSpace.load(model, threads=1, workers=1)
