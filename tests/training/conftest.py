"""A tiny shard of made-up molecules, so that training is tested without chemistry and in seconds."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from molvae.chem.settings import Standardization
from molvae.datasets.shards import TokenChunk, TokenShard, write_shard
from molvae.model.config import VAEConfig
from molvae.tokens.constraints import Constraints
from molvae.tokens.vocabulary import SPECIAL_SYMBOLS, Vocabulary
from molvae.training import TrainConfig

SYMBOLS = ("[C]", "[N]", "[O]", "[=C]", "[Ring1]", "[Branch1]")
CONSTRAINTS = Constraints((("C", 4), ("N", 3), ("O", 2), ("?", 0)))

MakeShard = Callable[..., TokenShard]


@pytest.fixture
def make_shard(tmp_path: Path) -> MakeShard:
    """Write a shard of `count` random chains over `symbols`, of 3 to 9 symbols, from two sources."""

    def make(
        name: str = "shard",
        *,
        count: int = 200,
        symbols: tuple[str, ...] = SYMBOLS,
        constraints: Constraints = CONSTRAINTS,
        seed: int = 0,
    ) -> TokenShard:
        vocabulary = Vocabulary.from_symbols(symbols)
        generator = np.random.default_rng(seed)
        first = len(SPECIAL_SYMBOLS)
        rows = [
            generator.integers(first, len(vocabulary), size=generator.integers(3, 10)).tolist() for _ in range(count)
        ]
        return write_shard(
            tmp_path / name,
            [TokenChunk.from_rows(rows, ["C" * len(row) for row in rows])],
            vocabulary=vocabulary,
            constraints=constraints,
            standardization=Standardization(),
            sources=[
                {"name": "large", "sha256": "", "molecules": count - count // 4},
                {"name": "small", "sha256": "", "molecules": count // 4},
            ],
        )

    return make


@pytest.fixture
def shard(make_shard: MakeShard) -> TokenShard:
    """200 made-up molecules."""
    return make_shard()


@pytest.fixture
def vae_config() -> VAEConfig:
    """A model of a few thousand weights, with every kind of noise switched on."""
    return VAEConfig(
        embedding_dim=8,
        encoder_hidden_dim=12,
        latent_dim=6,
        decoder_hidden_dim=16,
        embedding_dropout=0.1,
        word_dropout=0.1,
    )


@pytest.fixture
def train_config() -> TrainConfig:
    """24 steps that save after every one, with averaged weights, null latents and two validations."""
    return TrainConfig(
        max_steps=24,
        batch_size=16,
        learning_rate=5e-3,
        warmup_steps=4,
        beta_warmup_steps=10,
        null_share=0.3,
        balance=0.5,
        ema_decay=0.9,
        validation_size=20,
        validate_every=10,
        log_every=5,
        checkpoint_every_minutes=1e-9,
        precision="fp32",
        threads=1,
    )


# A program that trains on the shard in argv[1] into the folder argv[2]; argv[3] holds the settings. In the argument
# `signals`, {"7": 9} sends itself signal 9 after step 7.
PROGRAM = """
import json, os, sys

from molvae.datasets.shards import TokenShard
from molvae.model.config import VAEConfig
from molvae.training import Progress, Saved, TrainConfig, train

shard, run_folder, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
signals = settings["signals"]


def react(event):
    if isinstance(event, Saved) and str(event.step) in signals:
        os.kill(os.getpid(), signals.pop(str(event.step)))


result = train(
    TokenShard.open(shard),
    run_folder,
    vae_config=VAEConfig(**settings["vae"]),
    train_config=TrainConfig(**settings["train"]),
    resume=settings["resume"],
    on_event=react,
    device="cpu",
)
print(json.dumps({"reason": result.stop_reason, "steps": result.steps, "modules": sorted(sys.modules)}))
"""

NO_PICTURE = "import sys; sys.modules['matplotlib'] = None\n"  # drawing takes longer than the run

Launch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def launch(shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig) -> Launch:
    """Start a program that trains into a folder."""

    def start(
        run_folder: Path,
        *,
        config: TrainConfig = train_config,
        resume: bool = False,
        signals: dict[str, int] | None = None,
        prelude: str = NO_PICTURE,
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        settings = {
            "vae": dataclasses.asdict(vae_config),
            "train": dataclasses.asdict(config),
            "resume": resume,
            "signals": signals or {},
        }
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", prelude + PROGRAM, shard.path, run_folder, json.dumps(settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    return start
