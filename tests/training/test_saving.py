"""The model of a run carries the priors that belong to it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from molvae.datasets.shards import TokenShard
from molvae.model.checkpoint import load_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.null_latent import NullLatent
from molvae.model.priors import WHOLE
from molvae.training import TrainConfig, fine_tune, train
from molvae.training.finetuning import load_for_fine_tuning


@pytest.fixture
def run(tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig) -> Path:
    train(shard, tmp_path / "run", vae_config=vae_config, train_config=train_config, extra_symbols=["[P]", "[C]"])
    return tmp_path / "run"


def test_each_source_and_the_whole_have_an_unconditional_prior(run: Path) -> None:
    checkpoint = load_checkpoint(run)
    assert list(checkpoint.priors) == ["gaussian", WHOLE, "large", "small", "normal"]
    assert checkpoint.default_prior == WHOLE
    whole, small = checkpoint.priors[WHOLE], checkpoint.priors["small"]
    assert isinstance(whole, NullLatent)
    assert isinstance(small, NullLatent)
    torch.testing.assert_close(whole.weights, torch.tensor([0.75, 0.25]))
    assert torch.equal(whole.points[1:], small.points)
    assert not torch.equal(whole.points[0], whole.points[1])


def test_symbols_can_be_kept_for_later(run: Path, shard: TokenShard) -> None:
    assert load_checkpoint(run).vocabulary.symbols == (*shard.vocabulary.symbols, "[P]")


def test_fine_tuning_starts_from_the_null_latent_of_the_model(
    tmp_path: Path, run: Path, shard: TokenShard, train_config: TrainConfig
) -> None:
    prior = load_checkpoint(run).priors[WHOLE]
    assert isinstance(prior, NullLatent)
    origin = load_for_fine_tuning(run, shard, seed=0)
    assert origin.null_latent is not None
    torch.testing.assert_close(origin.null_latent, prior.points.mean(dim=0))
    fine_tune(run, shard, tmp_path / "tuned", train_config=train_config)
    tuned = load_checkpoint(tmp_path / "tuned").priors["large"]
    assert isinstance(tuned, NullLatent)
    assert 0 < float((tuned.points[0] - origin.null_latent).norm()) < 1


def test_a_run_without_null_latents_has_the_gaussian(tmp_path: Path, shard: TokenShard, vae_config: VAEConfig) -> None:
    train(
        shard,
        tmp_path / "plain",
        vae_config=vae_config,
        train_config=TrainConfig(max_steps=2, batch_size=16, null_share=0),
    )
    checkpoint = load_checkpoint(tmp_path / "plain")
    assert (checkpoint.default_prior, set(checkpoint.priors)) == ("gaussian", {"gaussian", "normal"})
