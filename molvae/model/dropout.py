"""Dropout that draws from a generator, so that training never touches the global random state."""

from __future__ import annotations

import torch
from torch import Tensor


def dropout(x: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Zero a share `rate` of the entries of `x` and scale the rest by 1 / (1 - rate)."""
    if rate == 0:
        return x
    keep = torch.rand(x.shape, generator=generator, device=x.device) >= rate
    return x * keep / (1 - rate)


def word_dropout(x: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Zero a share `rate` of the rows of `x` (T, B, E) whole: the decoder must ask z for what it cannot see."""
    if rate == 0:
        return x
    keep = torch.rand(x.shape[:-1], generator=generator, device=x.device) >= rate
    return x * keep.unsqueeze(-1)
