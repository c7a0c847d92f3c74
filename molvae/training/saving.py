"""The model of a run as a checkpoint that `molvae.load` opens, also while the run goes on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.datasets.batches import batches_in_length_order
from molvae.model.checkpoint import Checkpoint, save_checkpoint
from molvae.model.null_latent import NullLatent
from molvae.model.parallel import map_threads
from molvae.model.posterior import DiagonalGaussian
from molvae.model.precision import autocast
from molvae.model.priors import WHOLE, FullGaussian, LatentPrior
from molvae.model.vae import MoleculeVAE
from molvae.training.events import Validation
from molvae.training.metrics import to_tensors
from molvae.training.state import TrainingState
from molvae.training.task import Task, versions

_PRIOR_MOLECULES = 5_000
_BATCH_SIZE = 512


def save_model(
    task: Task,
    state: TrainingState,
    validation: Validation | None,
    *,
    epochs: float,
    dtype: torch.dtype,
    threads: int,
) -> None:
    """Write the model of a run into its folder, whole or not at all, with the priors fitted to its own latent space."""
    with state.evaluated() as vae:
        priors: dict[str, LatentPrior] = {}
        if len(task.train_rows) > 1:  # one molecule has no covariance
            priors["gaussian"] = fit_gaussian(vae, task, dtype=dtype, threads=threads)
        if state.null_latents is not None:
            priors |= unconditional_priors(task, state.null_latents)
        save_checkpoint(
            task.run_folder,
            Checkpoint(
                vae=vae,
                config=task.vae_config,
                vocabulary=task.vocabulary,
                constraints=task.shard.constraints,
                standardization=task.shard.standardization,
                priors=priors,
                default_prior=next((name for name in (WHOLE, "gaussian") if name in priors), "normal"),
                metadata=metadata(task, state, validation, epochs=epochs, dtype=dtype),
            ),
        )


def unconditional_priors(task: Task, null_latents: Tensor) -> dict[str, LatentPrior]:
    """Return the prior of the whole training set, sources in their true proportions, and that of each source."""
    points = null_latents.detach().cpu()
    counts = torch.tensor([len(span) for _, span in task.shard.groups], dtype=torch.float32)
    priors: dict[str, LatentPrior] = {WHOLE: NullLatent(points, counts / counts.sum())}
    if len(points) > 1:
        names = [name for name, _ in task.shard.groups]
        priors |= {
            name: NullLatent(point[None].clone(), torch.ones(1)) for name, point in zip(names, points, strict=True)
        }
    return priors


def fit_gaussian(vae: MoleculeVAE, task: Task, *, dtype: torch.dtype, threads: int) -> FullGaussian:
    """Return the Gaussian with the mean and covariance of the posteriors of molecules trained on."""
    rows = task.train_rows
    if len(rows) > _PRIOR_MOLECULES:
        rows = np.random.default_rng(task.train_config.seed).choice(rows, _PRIOR_MOLECULES, replace=False)

    def encode(chosen: NDArray[np.int64]) -> DiagonalGaussian:
        with torch.no_grad(), autocast(dtype, vae.device):
            return vae.encode(*to_tensors(task.collate(chosen), vae.device))

    batches = batches_in_length_order(task.shard.lengths, rows, batch_size=_BATCH_SIZE)
    posteriors = map_threads(encode, batches, threads=threads)
    mean, log_var = (torch.cat(parts).float().cpu() for parts in zip(*posteriors, strict=True))
    return FullGaussian.fit(mean, log_var)


def metadata(
    task: Task, state: TrainingState, validation: Validation | None, *, epochs: float, dtype: torch.dtype
) -> dict[str, Any]:
    """Return what a reader of the model should know about its training, as JSON."""
    metrics = {} if validation is None else dataclasses.asdict(validation)
    metrics.pop("seconds", None)
    return {
        "longest_molecule": max(int(task.shard.lengths.max()), task.longest_of_origin),  # in symbols
        "training": {
            "data_hash": task.shard.data_hash,
            "sources": [dict(source) for source in task.shard.manifest["sources"]],
            "molecules": len(task.train_rows),
            "steps": state.counters.step,
            "epochs": epochs,
            "minutes": state.counters.seconds / 60,
            "precision": str(dtype).removeprefix("torch."),
            "origin": task.origin,
            "settings": dataclasses.asdict(task.train_config),
        },
        "metrics": metrics,
        "versions": versions(),
    }
