from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from molvae.datasets.batches import collate
from molvae.datasets.shards import TokenShard
from molvae.errors import CheckpointError, ConfigError, DataError
from molvae.model.checkpoint import load_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.vae import MoleculeVAE, build_vae
from molvae.tokens.constraints import Constraints
from molvae.training import TrainConfig, fine_tune, train
from molvae.training.finetuning import extend_vocabulary, load_for_fine_tuning
from molvae.training.task import Task

NEW_SYMBOLS = ("[#N]", "[C]", "[O]", "[S]")  # two known, two not, sorted into another order


@pytest.fixture
def model(tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig) -> Path:
    """A model folder."""
    train(shard, tmp_path / "model", vae_config=vae_config, train_config=train_config)
    return tmp_path / "model"


@pytest.fixture
def new_shard(make_shard: object) -> TokenShard:
    """A small file of molecules, some symbols of which the model has never seen."""
    assert callable(make_shard)
    found = make_shard("new", count=60, symbols=NEW_SYMBOLS, seed=5)
    assert isinstance(found, TokenShard)
    return found


def extended(vae_config: VAEConfig, new: int) -> tuple[MoleculeVAE, MoleculeVAE]:
    vae = build_vae(vae_config, vocabulary_size=9)
    generator = torch.Generator().manual_seed(0)
    return vae.eval(), extend_vocabulary(vae, vae_config, vocabulary_size=9 + new, generator=generator).eval()


@pytest.mark.parametrize("new", [0, 1, 3])
def test_known_tokens_mean_what_they_did(vae_config: VAEConfig, shard: TokenShard, new: int) -> None:
    vae, larger = extended(vae_config, new)
    batch = collate(shard, np.arange(10))
    tokens, lengths = torch.from_numpy(batch.tokens), torch.from_numpy(batch.lengths)
    before, after = vae.encode(tokens, lengths), larger.encode(tokens, lengths)
    torch.testing.assert_close(after.mean, before.mean)
    torch.testing.assert_close(after.log_var, before.log_var)
    logits = larger.decoder(before.mean, tokens[:-1])
    assert logits.shape[-1] == 9 + new
    torch.testing.assert_close(logits[..., :9], vae.decoder(before.mean, tokens[:-1]))


def test_new_symbols_start_as_an_average_one_and_differ(vae_config: VAEConfig) -> None:
    vae, larger = extended(vae_config, 2)
    rows = larger.decoder.embedding.weight[9:]
    known = vae.decoder.embedding.weight[3:]
    assert (rows - known.mean(dim=0)).abs().max() < known.std(dim=0).max()
    assert not torch.equal(rows[0], rows[1])


def test_a_vocabulary_does_not_shrink(vae_config: VAEConfig) -> None:
    vae = build_vae(vae_config, vocabulary_size=9)
    with pytest.raises(ValueError, match="at least 9"):
        extend_vocabulary(vae, vae_config, vocabulary_size=8, generator=torch.Generator())


def test_molecules_are_read_in_the_tokens_of_the_model(
    tmp_path: Path, model: Path, new_shard: TokenShard, shard: TokenShard, train_config: TrainConfig
) -> None:
    origin = load_for_fine_tuning(model, new_shard, seed=0)
    assert origin.vocabulary.symbols == (*shard.vocabulary.symbols, "[#N]", "[S]")
    task = Task(new_shard, tmp_path / "x", origin.vae_config, train_config, vocabulary=origin.vocabulary)
    rows = np.arange(20)
    ours, theirs = task.collate(rows), collate(new_shard, rows)
    for column in range(20):
        assert origin.vocabulary.decode(ours.tokens[1:, column].tolist()) == new_shard.vocabulary.decode(
            theirs.tokens[1:, column].tolist()
        )


def test_fine_tuning_resumes_and_leaves_the_model_alone(
    tmp_path: Path, model: Path, new_shard: TokenShard, train_config: TrainConfig
) -> None:
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    run = tmp_path / "tuned"
    short = dataclasses.replace(train_config, max_steps=5)
    fine_tune(model, new_shard, run, train_config=short)
    fine_tune(model, new_shard, run, train_config=train_config, resume=True)
    tuned = load_checkpoint(run)
    origin = load_checkpoint(model)
    assert tuned.vocabulary.symbols[: len(origin.vocabulary)] == origin.vocabulary.symbols
    assert tuned.metadata["training"]["origin"] == origin.weights_sha256
    assert tuned.constraints == origin.constraints
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    train(new_shard, tmp_path / "other", vae_config=origin.config, train_config=short)
    with pytest.raises((ConfigError, DataError)):
        fine_tune(model, new_shard, tmp_path / "other", train_config=short, resume=True)


def test_a_shard_of_another_chemistry_is_refused(
    tmp_path: Path, model: Path, make_shard: object, train_config: TrainConfig
) -> None:
    assert callable(make_shard)
    other = make_shard("other", constraints=Constraints((("C", 4), ("?", 1))))
    with pytest.raises(DataError, match="another constraints setting"):
        fine_tune(model, other, tmp_path / "tuned", train_config=train_config)


def test_the_folder_of_the_model_is_not_the_folder_of_the_run(model: Path, new_shard: TokenShard) -> None:
    with pytest.raises(ConfigError, match="another folder"):
        fine_tune(model, new_shard, model)


def test_a_folder_without_a_model_is_refused(tmp_path: Path, new_shard: TokenShard) -> None:
    with pytest.raises(CheckpointError):
        fine_tune(tmp_path / "none", new_shard, tmp_path / "run")
