"""Dropout that draws from a generator, so that training never touches the global random state."""

from __future__ import annotations

import torch
from torch import Tensor

from molvae.tokens.vocabulary import PAD_TOKEN


def dropout(table: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Zero a share `rate` of the entries of an embedding `table` (V, E) and scale the rest by 1 / (1 - rate).

    One mask for all positions of a batch, as in variational dropout (Gal & Ghahramani, arXiv:1512.05287).
    """
    if rate == 0:
        return table
    keep = torch.rand(table.shape, generator=generator, device=table.device) >= rate
    return table * keep / (1 - rate)


def word_dropout(tokens: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Replace a share `rate` of `tokens` (T, B) by padding, whose embedding is zero (Bowman et al., arXiv:1511.06349).

    The decoder then must ask z for the symbol that it cannot see.
    """
    if rate == 0:
        return tokens
    drop = torch.rand(tokens.shape, generator=generator, device=tokens.device) < rate
    return tokens.masked_fill(drop, PAD_TOKEN)
