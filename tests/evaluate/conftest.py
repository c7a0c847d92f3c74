"""A cache of its own, a tiny trained model, and a small reference set."""

from __future__ import annotations

from pathlib import Path

import pytest

from molvae.chem.molecule import rdkit_canonical
from molvae.chem.settings import Standardization
from molvae.datasets.preparation import prepare_smiles
from molvae.evaluate.reference import Reference, load_reference
from molvae.evaluate.resources import Resources
from molvae.latent.space import LatentSpace
from molvae.model.config import VAEConfig
from molvae.training import TrainConfig, train

ONE_THREAD = Resources(threads=1)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no way to download."""
    monkeypatch.setenv("MOLVAE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def small(wehi_smiles: list[str]) -> list[str]:
    """150 small drug-like molecules, canonical."""
    shortest = sorted(set(wehi_smiles), key=lambda smiles: (len(smiles), smiles))[20:190]
    return list(dict.fromkeys(text for text in map(rdkit_canonical, shortest) if text is not None))[:150]


@pytest.fixture(scope="session")
def space(small: list[str], tmp_path_factory: pytest.TempPathFactory) -> LatentSpace:
    """A model that gives some of the small molecules back."""
    folder = tmp_path_factory.mktemp("model")
    shard = prepare_smiles(small, folder / "shard", standardization=Standardization(max_symbols=40))
    sizes = VAEConfig(embedding_dim=24, encoder_hidden_dim=48, latent_dim=24, decoder_hidden_dim=96)
    steps = TrainConfig(max_steps=320, batch_size=32, learning_rate=8e-3, warmup_steps=20, threads=1, beta=0.003)
    train(shard, folder / "run", vae_config=sizes, train_config=steps, device="cpu")
    return LatentSpace.load(folder / "run", threads=1, workers=1)


@pytest.fixture(scope="session")
def reference(small: list[str], tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The first hundred of the small molecules as a reference, the others as the training set."""
    folder = tmp_path_factory.mktemp("reference")
    (folder / "test.smi").write_text("\n".join(small[:100]))
    (folder / "train.smi").write_text("\n".join(small[100:]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOLVAE_DATA", str(folder / "cache"))
        return load_reference(str(folder / "test.smi"), train=str(folder / "train.smi"), resources=ONE_THREAD)
