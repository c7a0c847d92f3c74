"""A prior for more molecules like the user's own: the null latent from which the decoder writes them best.

The decoder stays as it is and one point of D numbers is learned, as in prompt tuning (Lester et al., arXiv:2104.08691).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from molvae.latent.network import Network, pad
from molvae.model.loss import token_nll
from molvae.model.null_latent import NullLatent
from molvae.model.precision import autocast

BATCH_ROWS = 64
LEAST_STEPS, MOST_STEPS = 200, 1_000
_POOL = 16  # batches sorted by length together, so that hardly a token is padding
_LEARNING_RATE = 0.03
RESOLUTION = {"bf16": torch.bfloat16, "fp32": torch.float32}


def fit_null_latent(
    network: Network,
    molecules: Sequence[Sequence[int]],
    *,
    starts: Tensor,
    temperature: float = 1.0,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> NullLatent:
    """Return the null latent with the highest log p(x | null) over molecules given as tokens.

    It works in 200 to 1,000 steps of 64 molecules, by their number: ten to sixty seconds on two cores.

    Args:
        network: the model; it is not changed.
        molecules: tokens without begin and end, at least one molecule.
        starts: points (S, D), such as the null latents of the model; the search begins at the best of them.
        temperature: that its symbols are drawn at.
        seed: of the order of the molecules.
        progress: called with the number of steps done since its last call.
    """
    decoder, dtype = network.vae.decoder, RESOLUTION[network.precision]
    steps = int(np.clip(4 * len(molecules) // BATCH_ROWS, LEAST_STEPS, MOST_STEPS))

    def loss(point: Tensor, batch: Sequence[Sequence[int]]) -> Tensor:
        tokens = pad(batch)[0].to(network.device)
        with autocast(dtype, network.device):
            logits = decoder(point.expand(len(batch), -1), tokens[:-1])
        return token_nll(logits, tokens[1:]).mean()

    first = next(batches(molecules, 1, seed))
    with torch.no_grad():
        points = starts.to(network.device)[:, None]
        best = min(points, key=lambda point: float(loss(point, first)))
    point = best.clone().requires_grad_()
    optimizer = torch.optim.Adam([point], lr=_LEARNING_RATE)
    for step, batch in enumerate(batches(molecules, steps, seed)):
        optimizer.param_groups[0]["lr"] = _LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        (point.grad,) = torch.autograd.grad(loss(point, batch), [point])
        optimizer.step()
        if progress is not None:
            progress(1)
    return NullLatent(point.detach().cpu(), torch.ones(1), temperature)


def batches(molecules: Sequence[Sequence[int]], steps: int, seed: int) -> Iterator[list[Sequence[int]]]:
    """Yield `steps` batches of molecules of about equal length, each molecule as often as the others."""
    rng = np.random.default_rng(seed)
    given = 0
    while given < steps:
        order = rng.permutation(len(molecules))
        if len(order) < BATCH_ROWS:
            order = np.resize(order, BATCH_ROWS)
        for start in range(0, len(order) - BATCH_ROWS + 1, BATCH_ROWS * _POOL):
            pool = sorted((molecules[row] for row in order[start : start + BATCH_ROWS * _POOL]), key=len)
            cuts = [pool[i : i + BATCH_ROWS] for i in range(0, len(pool) - BATCH_ROWS + 1, BATCH_ROWS)]
            for number in rng.permutation(len(cuts)):
                if given == steps:
                    return
                given += 1
                yield cuts[number]
