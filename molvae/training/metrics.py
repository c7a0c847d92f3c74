"""What a model can do with molecules that it was not trained on, measured during training."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.datasets.batches import Batch, batches_in_length_order
from molvae.datasets.shards import TokenShard
from molvae.model.diagnostics import latent_use, shuffle_gap
from molvae.model.loss import token_nll
from molvae.model.parallel import map_threads
from molvae.model.posterior import DiagonalGaussian
from molvae.model.precision import autocast
from molvae.model.vae import MoleculeVAE
from molvae.tokens.vocabulary import PAD_TOKEN
from molvae.training.events import Validation
from molvae.training.state import step_seed

_logger = logging.getLogger(__name__)

LEAST_ACTIVE_SHARE = 0.1  # of the latent dimensions
LEAST_SHUFFLE_GAP = 0.05  # nats per token
_BATCH_SIZE = 512


class _Sums(NamedTuple):
    """What a batch adds to the figures of a validation."""

    reconstruction: float  # nats
    tokens: int
    right_tokens: int
    rows: NDArray[np.int64]  # of the shard (B,)
    exact: NDArray[np.bool_]  # (B,)
    unconditional: float  # nats
    posterior: DiagonalGaussian


def validate(
    vae: MoleculeVAE,
    shard: TokenShard,
    rows: NDArray[np.int64],
    *,
    collate: Callable[[NDArray[np.int64]], Batch],
    null_latents: Tensor | None = None,
    beta: float,
    step: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    threads: int = 1,
) -> Validation:
    """Measure a model, in evaluation mode, on the molecules `rows` of a shard.

    Args:
        vae: the model, in evaluation mode.
        shard: where the molecules are.
        rows: which molecules (n,).
        collate: makes a batch of rows.
        null_latents: one point per source (S, D), where the model also learns without z.
        beta: weight of the KL term in the loss.
        step: training steps done.
        seed: of the posterior samples.
        dtype: precision of the matrix products.
        threads: how many batches are measured at once.
    """
    start = time.perf_counter()

    def measure(numbered: tuple[int, NDArray[np.int64]]) -> _Sums:
        number, chosen = numbered
        generator = torch.Generator(vae.device).manual_seed(step_seed(seed, number))
        with torch.no_grad(), autocast(dtype, vae.device):
            null = None
            if null_latents is not None:
                null = null_latents[torch.from_numpy(shard.group_of(chosen))]
            return _measure(vae, chosen, *to_tensors(collate(chosen), vae.device), generator, null)

    batches = batches_in_length_order(shard.lengths, rows, batch_size=_BATCH_SIZE)
    parts = map_threads(measure, enumerate(batches), threads=threads)
    use = latent_use(
        DiagonalGaussian(
            torch.cat([part.posterior.mean for part in parts]), torch.cat([part.posterior.log_var for part in parts])
        )
    )
    measured, exact = (np.concatenate(values) for values in zip(*((p.rows, p.exact) for p in parts), strict=True))
    source = shard.group_of(measured)
    of_source = {name: exact[source == number] for number, (name, _) in enumerate(shard.groups)}
    n, num_tokens = len(rows), sum(part.tokens for part in parts)
    reconstruction = math.fsum(part.reconstruction for part in parts)
    shuffled = np.random.Generator(np.random.PCG64(seed)).permutation(rows)[:_BATCH_SIZE]
    tokens, lengths = to_tensors(collate(shuffled), vae.device)
    with torch.no_grad(), autocast(dtype, vae.device):
        gap = shuffle_gap(vae, tokens, vae.encode(tokens, lengths).mean) if n > 1 else 0.0
    return Validation(
        step=step,
        molecules=n,
        loss=reconstruction / n + beta * use.kl,
        reconstruction=reconstruction / n,
        kl=use.kl,
        exact_reconstruction=float(exact.mean()),
        token_accuracy=sum(part.right_tokens for part in parts) / num_tokens,
        nats_per_token=reconstruction / num_tokens,
        active_units=use.active_units,
        shuffle_gap=gap,
        kl_per_dimension=use.kl_per_dimension,
        exact_by_source={name: float(each.mean()) for name, each in of_source.items() if len(each)},
        unconditional=None if null_latents is None else math.fsum(part.unconditional for part in parts) / n,
        seconds=time.perf_counter() - start,
    )


def _measure(
    vae: MoleculeVAE,
    rows: NDArray[np.int64],
    tokens: Tensor,
    lengths: Tensor,
    generator: torch.Generator,
    null: Tensor | None,
) -> _Sums:
    """Measure one batch, with the null latent of each molecule (B, D), if there are any.

    Exact greedy reconstruction needs no decoding loop: greedy decoding writes the molecule exactly if and only if the
    most likely token is the right one at every position, given the right ones before it.
    """
    posterior = vae.encode(tokens, lengths)
    targets = tokens[1:]
    is_token = targets != PAD_TOKEN
    nll = token_nll(vae.decoder(posterior.rsample(generator), tokens[:-1]), targets)
    is_right = vae.decoder(posterior.mean, tokens[:-1]).argmax(dim=-1) == targets
    return _Sums(
        reconstruction=float(nll.double().sum()),
        tokens=int(is_token.sum()),
        right_tokens=int((is_right & is_token).sum()),
        rows=rows,
        exact=(is_right | ~is_token).all(dim=0).cpu().numpy(),
        unconditional=0.0 if null is None else float(token_nll(vae.decoder(null, tokens[:-1]), targets).double().sum()),
        posterior=posterior,
    )


def warn_of_collapse(validation: Validation) -> None:
    """Log a warning where z carries (almost) nothing, so that collapse never looks like training."""
    latent_dim = len(validation.kl_per_dimension)
    if validation.active_units < LEAST_ACTIVE_SHARE * latent_dim:
        _logger.warning(
            "posterior collapse: %d of %d latent dimensions are in use after step %d; lower beta, or give it a longer "
            "warm-up or free bits",
            validation.active_units,
            latent_dim,
            validation.step,
        )
    if validation.shuffle_gap < LEAST_SHUFFLE_GAP and validation.molecules > 1:
        _logger.warning(
            "the decoder ignores z after step %d: with the z of another molecule it loses only %.3f nats per token",
            validation.step,
            validation.shuffle_gap,
        )


def to_tensors(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return tokens (T, B) and lengths (B,) on a device."""
    tokens, lengths = torch.from_numpy(batch.tokens), torch.from_numpy(batch.lengths)
    if device.type == "cuda":  # pinned memory is copied while the processor goes on
        return tokens.pin_memory().to(device, non_blocking=True), lengths.pin_memory().to(device, non_blocking=True)
    return tokens.to(device), lengths.to(device)
