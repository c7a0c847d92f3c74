"""Latent points moved until the decoder writes their molecules exactly: what the encoder's one guess leaves open.

An encoder maps every molecule by one set of weights, and misses for some the point from which the decoder would write
it (the amortization gap: Cremer et al., arXiv:1801.03558). A few gradient steps on the point itself close the gap
(semi-amortized inference: Kim et al., arXiv:1802.02550).
"""

from __future__ import annotations

import torch
from torch import Tensor

from molvae.model.decoder import GRUDecoder
from molvae.model.posterior import DiagonalGaussian
from molvae.model.precision import autocast
from molvae.model.stepper import padded_rows
from molvae.tokens.vocabulary import PAD_TOKEN

STEPS = 100  # most molecules need fewer than five
_STEP = 0.2  # in posterior standard deviations
_FOUND = (
    0.2  # lead of the right symbol over the next, in nats: rounding in generation, which sums otherwise, is smaller
)
_WANTED = 1.0  # the lead from which a symbol pulls no more
_DECAY, _SQUARED_DECAY = 0.9, 0.99  # Adam's means (Kingma & Ba, arXiv:1412.6980), per molecule


def refine(
    decoder: GRUDecoder, tokens: Tensor, posterior: DiagonalGaussian, *, dtype: torch.dtype, steps: int = STEPS
) -> Tensor:
    """Return points (B, D) near the posterior means, from which greedy decoding writes the molecules.

    Where the most likely symbol at each place is the right one, a mean stays as it is. Elsewhere Adam lowers, in units
    of the posterior's standard deviation, the sum over symbols of max(0, 1 - lead over the most likely other symbol).
    A molecule that is not found within `steps` keeps its mean, so no row gets worse.

    Args:
        decoder: in evaluation mode; weights that require no gradient save time.
        tokens: time-major with begin, end and padding, shape (T, B).
        posterior: q(z | x) of the molecules.
        dtype: of the matrix products, as in generation.
        steps: at most; each costs a teacher-forced pass of the molecules not yet found, forth and back.
    """
    found = posterior.mean.clone()
    scale = (0.5 * posterior.log_var).exp()
    moves, mean, square = (torch.zeros_like(found) for _ in range(3))
    rows = torch.arange(len(found), device=found.device)  # not yet found
    for step in range(1, steps + 2):
        # Padded with copies, so that no row's product depends on how many others are left.
        asked = torch.cat([rows, rows[-1:].expand(padded_rows(len(rows)) - len(rows))])
        move = moves[asked].requires_grad_()
        z = posterior.mean[asked] + scale[asked] * move
        leads = _leads(decoder, z, tokens[:, asked], dtype)
        right = (leads > _FOUND).all(dim=0)[: len(rows)]
        found[rows[right]] = z.detach()[: len(rows)][right]
        if step > steps or bool(right.all()):
            return found
        (gradient,) = torch.autograd.grad((_WANTED - leads).relu().sum(), move)
        gradient, rows = gradient[: len(rows)][~right], rows[~right]
        mean[rows] = torch.lerp(gradient, mean[rows], _DECAY)
        square[rows] = torch.lerp(gradient.square(), square[rows], _SQUARED_DECAY)
        rms = (square[rows] / (1 - _SQUARED_DECAY**step)).sqrt()
        moves[rows] -= _STEP * mean[rows] / (1 - _DECAY**step) / (rms + 1e-8)
    return found


def _leads(decoder: GRUDecoder, z: Tensor, tokens: Tensor, dtype: torch.dtype) -> Tensor:
    """Return by how many nats each right symbol leads the most likely other (T - 1, B); infinity at padding."""
    with autocast(dtype, z.device):
        logits = decoder(z, tokens[:-1]).float()
    targets = tokens[1:, :, None]
    others = logits.scatter(2, targets, float("-inf")).amax(dim=2, keepdim=True)
    leads: Tensor = logits.gather(2, targets) - others
    return leads.masked_fill(targets == PAD_TOKEN, float("inf")).squeeze(2)
