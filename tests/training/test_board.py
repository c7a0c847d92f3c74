from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from molvae.datasets.shards import TokenShard
from molvae.errors import MissingExtraError
from molvae.model.config import VAEConfig
from molvae.training import TrainConfig, train


def test_scalars_are_written_when_asked_for(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = dataclasses.replace(train_config, max_steps=10, tensorboard=True)
    train(shard, tmp_path, vae_config=vae_config, train_config=config)
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert [point.step for point in board.Scalars("train/loss")] == [5, 10]
    assert [point.step for point in board.Scalars("validation/exact_reconstruction")] == [10]


def test_without_tensorboard_the_message_says_what_to_install(
    tmp_path: Path,
    shard: TokenShard,
    vae_config: VAEConfig,
    train_config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    config = dataclasses.replace(train_config, tensorboard=True)
    with pytest.raises(MissingExtraError, match=r"molvae\[train\]"):
        train(shard, tmp_path, vae_config=vae_config, train_config=config)
