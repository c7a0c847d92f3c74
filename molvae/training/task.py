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

import molvae
from molvae.datasets.batches import Batch, collate
from molvae.datasets.shards import TokenShard
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

    @property
    def state_file(self) -> Path:
        """Where the run can be resumed from."""
        return self.run_folder / STATE_FILE

    @cached_property
    def _split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        held_out = min(self.train_config.validation_size, len(self.shard) // 10)
        return self.shard.split(held_out, seed=self.train_config.seed)

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
