"""The gradient of a batch, shared out over threads by rows.

Each thread does the whole forward and backward pass of its rows with single-threaded kernels, and the gradients are
added in a fixed order: the threads meet once per step, not after each of some thousand small kernels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from molvae.model.parallel import map_threads
from molvae.model.precision import autocast
from molvae.model.vae import MoleculeVAE


class StepTerms(NamedTuple):
    """Means over a batch in nats per molecule, scalars without a graph."""

    loss: Tensor
    reconstruction: Tensor
    kl: Tensor


def accumulate_gradients(
    vae: MoleculeVAE,
    tokens: Tensor,
    lengths: Tensor,
    *,
    beta: float,
    free_bits: float,
    seed: int,
    threads: int,
    dtype: torch.dtype,
) -> StepTerms:
    """Set the gradient of every parameter to that of the mean loss over the batch, and return the loss terms.

    The noise is a function of `seed` and of the share of the batch, so the result is the same bit for bit for one
    number of threads, and differs by rounding and noise for another.

    Args:
        vae: on the CPU, in training mode.
        tokens: time-major, shape (T, B).
        lengths: shape (B,).
        beta: weight of the KL term.
        free_bits: nats per latent dimension, on average over the rows of one thread.
        seed: of the noise, from 0 to 2^63 - threads.
        threads: how many share the batch.
        dtype: of the matrix products.
    """
    parameters = [parameter for parameter in vae.parameters() if parameter.requires_grad]
    rows = len(lengths)
    shares = [share for share in torch.arange(rows).chunk(min(threads, rows)) if len(share)]

    def work(part: int) -> tuple[StepTerms, tuple[Tensor, ...]]:
        columns = slice(int(shares[part][0]), int(shares[part][-1]) + 1)
        generator = torch.Generator().manual_seed(seed + part)
        weight = len(shares[part]) / rows
        with autocast(dtype):
            terms = vae(tokens[:, columns], lengths[columns], generator=generator)
        loss = weight * terms.loss(beta, free_bits=free_bits)
        gradients = torch.autograd.grad(loss, parameters)
        means = (weight * terms.reconstruction.detach().mean(), weight * terms.kl.detach().mean())
        return StepTerms(loss.detach(), *means), gradients

    results = map_threads(work, range(len(shares)), threads=threads)
    for index, parameter in enumerate(parameters):
        total = results[0][1][index]
        for _, gradients in results[1:]:
            total = total + gradients[index]
        parameter.grad = total
    sums = [torch.stack(values).sum() for values in zip(*(terms for terms, _ in results), strict=True)]
    return StepTerms(*sums)
