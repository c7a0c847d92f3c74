"""A decoder fine-tuned to a few hundred molecules, so that it writes more like them: as a search learns what is good.

What is learned is p(x | null), the unconditional mode, by maximum likelihood of the molecules as they are given, the
good ones more often: the cross-entropy method, as in the hill climbing of Brown et al. (doi:10.1021/acs.jcim.8b00839).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from molvae.latent.network import Network, pad
from molvae.latent.prior_fitting import RESOLUTION, batches
from molvae.model.loss import token_nll
from molvae.model.parallel import single_threaded_torch
from molvae.model.precision import autocast

STEPS = 32  # of 64 molecules: twice as many bring hardly more, and take twice as long
_LEARNING_RATE = 2e-3
_LARGEST_GRADIENT = 1.0  # norm


def tuned_to(
    network: Network, molecules: Sequence[Sequence[int]], point: Tensor, *, steps: int = STEPS, seed: int = 0
) -> Network:
    """Return a copy of the network whose decoder has learned to write such molecules from a null latent.

    The encoder and the given network stay as they are. It works on one thread, so that the same is learned on any
    number of them: three to eight seconds.

    Args:
        network: the model.
        molecules: tokens without begin and end, at least one; one that stands there twice counts twice.
        point: the null latent (D,).
        steps: of 64 molecules each.
        seed: of the order of the molecules.
    """
    vae = copy.deepcopy(network.vae)
    decoder, dtype = vae.decoder.requires_grad_(True), RESOLUTION[network.precision]
    weights = list(decoder.parameters())
    optimizer = torch.optim.Adam(weights, lr=_LEARNING_RATE)
    null = point.to(network.device)
    with single_threaded_torch():
        for step, batch in enumerate(batches(molecules, steps, seed)):
            optimizer.param_groups[0]["lr"] = _LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
            tokens = pad(batch)[0].to(network.device)
            with autocast(dtype, network.device):
                logits = decoder(null.expand(len(batch), -1), tokens[:-1])
            optimizer.zero_grad()
            token_nll(logits, tokens[1:]).mean().backward()
            torch.nn.utils.clip_grad_norm_(weights, _LARGEST_GRADIENT)
            optimizer.step()
    return Network.of(
        vae, device=str(network.device), precision=network.precision, threads=network.threads,
        max_symbols=network.max_symbols,
    )  # fmt: skip
