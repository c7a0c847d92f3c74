"""What a run trains, on which molecules, and where it is kept."""

from __future__ import annotations

import dataclasses
import platform
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import molvae
from molvae.datasets.batches import Batch, collate
from molvae.datasets.shards import TokenShard
from molvae.datasets.splits import random_split
from molvae.datasets.weights import source_weights, symbol_weights
from molvae.errors import ConfigError, DataError
from molvae.model.config import VAEConfig
from molvae.settings import settings_from_mapping
from molvae.tokens.vocabulary import Vocabulary
from molvae.training.config import RESUMABLE, TrainConfig, check_same_run
from molvae.training.state import STATE_FILE


@dataclass(frozen=True)
class Task:
    """The fixed part of a run; everything that changes from step to step is in `TrainingState`."""

    shard: TokenShard
    run_folder: Path
    vae_config: VAEConfig
    train_config: TrainConfig
    vocabulary: Vocabulary  # of the model; that of the shard may be another one
    origin: str = ""  # which model a fine-tuned one comes from
    longest_of_origin: int = 0  # symbols of the longest molecule that it was trained on, 0 where it does not say
    null_latent_of_origin: Tensor | None = None  # (D,)

    @property
    def state_file(self) -> Path:
        """Where the run can be resumed from."""
        return self.run_folder / STATE_FILE

    @cached_property
    def _split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Hold out as many molecules of each source, and at most a tenth of it."""
        spans = [span for _, span in self.shard.groups]
        if min(map(len, spans)) < 10:  # too small for a share of its own
            spans = [range(len(self.shard))]
        train, held_out = [], []
        for span in spans:
            share = min(self.train_config.validation_size // len(spans), len(span) // 10) / len(span)
            parts = random_split(len(span), (1 - share, share), seed=self.train_config.seed)
            train.append(parts[0] + span.start)
            held_out.append(parts[1] + span.start)
        return np.concatenate(train), np.concatenate(held_out)

    @property
    def train_rows(self) -> NDArray[np.int64]:
        """Rows of the shard to train on."""
        return self._split[0]

    @property
    def validation_rows(self) -> NDArray[np.int64]:
        """Rows of the shard that are held out; none where there are fewer than ten."""
        return self._split[1]

    @cached_property
    def _model_token(self) -> NDArray[np.int64] | None:
        """The model's token for each token of the shard, or None where they are the same."""
        symbols = self.shard.vocabulary.symbols
        if symbols == self.vocabulary.symbols[: len(symbols)]:
            return None
        return np.array(self.vocabulary.encode(symbols), dtype=np.int64)

    def first_null_latents(self) -> Tensor:
        """Return where the null latents of the sources start (S, D): at that of the origin, else close to zero."""
        size = len(self.shard.groups), self.vae_config.latent_dim
        if self.null_latent_of_origin is not None:
            return self.null_latent_of_origin.expand(size).clone()
        return 0.01 * torch.randn(size, generator=torch.Generator().manual_seed(self.train_config.seed))

    @cached_property
    def _symbol_weights(self) -> NDArray[np.float64]:
        return symbol_weights(self.shard, np.arange(len(self.shard)), self.train_config.balance)

    @property
    def train_weights(self) -> NDArray[np.float64] | None:
        """How often an epoch holds each of `train_rows` (m,); None: once."""
        if self.train_config.balance == 0:
            return None
        by_source = source_weights(self.shard, self.train_rows, self.train_config.balance)
        return by_source * self._symbol_weights[self.train_rows]

    def null_rows_last(self, rows: NDArray[np.int64], count: int, *, seed: int) -> NDArray[np.int64]:
        """Return `rows` (B,) in another order, the last `count` of which are to be written without their z.

        Molecules that are seen more often for their rare symbols are drawn less often here, so that what is learned
        without z is the source as it is.
        """
        chances = 1 / self._symbol_weights[rows]
        chosen = np.random.default_rng(seed).choice(len(rows), count, replace=False, p=chances / chances.sum())
        return np.concatenate([np.delete(rows, chosen), rows[chosen]])

    def collate(self, rows: NDArray[np.int64]) -> Batch:
        """Return the molecules `rows` (B,) in the model's own tokens."""
        batch = collate(self.shard, rows)
        return batch if self._model_token is None else Batch(self._model_token[batch.tokens], batch.lengths)

    def header(self) -> dict[str, Any]:
        """Return what a resumed run must have in common with this one, as JSON."""
        return {
            "vae": dataclasses.asdict(self.vae_config),
            "train": dataclasses.asdict(self.train_config),
            "vocabulary": list(self.vocabulary.symbols),
            "data_hash": self.shard.data_hash,
            "origin": self.origin,
            "versions": versions(),
        }

    def check_header(self, header: dict[str, Any]) -> None:
        """Check that a saved state belongs to this task.

        Raises:
            ConfigError: a setting that may not change has changed.
            DataError: other molecules, or another vocabulary.
        """
        where = self.state_file.name
        check_same_run(settings_from_mapping(VAEConfig, header.get("vae"), where=where), self.vae_config)
        stored = settings_from_mapping(TrainConfig, header.get("train"), where=where)
        check_same_run(stored, self.train_config, free=RESUMABLE)
        if header.get("data_hash") != self.shard.data_hash:
            raise DataError(f"the run in {self.run_folder} was started on other molecules than {self.shard.path}")
        if header.get("vocabulary") != list(self.vocabulary.symbols):
            raise DataError(f"the run in {self.run_folder} was started with another vocabulary")
        if header.get("origin") != self.origin:
            raise ConfigError(f"the run in {self.run_folder} was started from other weights")


def versions() -> dict[str, str]:
    """Return the versions that the numbers of a run depend on."""
    return {
        "molvae": molvae.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
