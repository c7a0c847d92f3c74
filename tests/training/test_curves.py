from __future__ import annotations

import dataclasses
import logging
import sys
from pathlib import Path

import pytest

from molvae.datasets.shards import TokenShard
from molvae.errors import MissingExtraError
from molvae.model.config import VAEConfig
from molvae.training import TrainConfig, draw_curves, train
from molvae.training.journal import Journal


def test_a_run_leaves_its_picture(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    train(shard, tmp_path, vae_config=vae_config, train_config=dataclasses.replace(train_config, max_steps=10))
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_record_can_be_drawn(tmp_path: Path) -> None:
    Journal(tmp_path, step=0).close()
    assert draw_curves(tmp_path).exists()


def test_without_matplotlib_the_run_ends_well_and_says_so(
    tmp_path: Path,
    shard: TokenShard,
    vae_config: VAEConfig,
    train_config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"molvae\[viz\]"):
        draw_curves(tmp_path)
    with caplog.at_level(logging.INFO):
        train(shard, tmp_path, vae_config=vae_config, train_config=dataclasses.replace(train_config, max_steps=2))
    assert "no picture of the run" in caplog.text
