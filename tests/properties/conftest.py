"""A tiny latent space that nobody trained: its vectors say little of molecules, but always the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from molvae.chem.settings import Standardization
from molvae.latent.space import LatentSpace
from molvae.model.checkpoint import Checkpoint, save_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.vae import build_vae
from molvae.tokens.bulk import tokenize_many
from molvae.tokens.codec import TokenizedMolecule
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary

CONFIG = VAEConfig(embedding_dim=16, encoder_hidden_dim=24, latent_dim=8, decoder_hidden_dim=24)
Table = tuple[NDArray[np.float64], NDArray[np.float64]]


def save_space(folder: Path, smiles: list[str], *, seed: int) -> Path:
    """Write an untrained model that takes these molecules."""
    rows = [row for row in tokenize_many(smiles) if isinstance(row, TokenizedMolecule)]
    vocabulary = Vocabulary.from_symbols({symbol for row in rows for symbol in row.symbols})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = build_vae(CONFIG, vocabulary_size=len(vocabulary)).eval()
    standardization = Standardization(max_symbols=50)
    save_checkpoint(folder, Checkpoint(vae, CONFIG, vocabulary, DEFAULT_CONSTRAINTS, standardization))
    return folder


@pytest.fixture(scope="session")
def corpus(wehi_smiles: list[str]) -> list[str]:
    """120 small drug-like molecules, canonical."""
    shortest = sorted(set(wehi_smiles), key=lambda smiles: (len(smiles), smiles))[:120]
    return [row.smiles for row in tokenize_many(shortest) if isinstance(row, TokenizedMolecule)]


@pytest.fixture(scope="session")
def space_folder(corpus: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model behind `space`."""
    return save_space(tmp_path_factory.mktemp("space"), corpus, seed=0)


@pytest.fixture(scope="session")
def space(space_folder: Path) -> LatentSpace:
    """A latent space of eight dimensions."""
    return LatentSpace.load(space_folder, threads=1, workers=1)


@pytest.fixture(scope="session")
def lengths(corpus: list[str]) -> NDArray[np.float64]:
    """Something to predict of the corpus."""
    return np.array([len(smiles) for smiles in corpus], dtype=np.float64)


@pytest.fixture(scope="session")
def table() -> Table:
    """300 vectors in six dimensions, and values that depend on two of them, with noise of 0.3."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6))
    return x, 5 + 2 * x[:, 0] + np.sin(2 * x[:, 1]) + 0.3 * rng.normal(size=300)
