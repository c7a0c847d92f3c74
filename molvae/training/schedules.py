"""Schedules: a number for each step, and nothing else; a resumed run needs no scheduler state."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal


def constant(step: int, *, peak: float) -> float:
    """Return `peak` at every step.

    >>> constant(7, peak=0.05)
    0.05
    """
    return peak


def linear_warmup(step: int, *, start: int = 0, length: int, peak: float) -> float:
    """Return 0 before `start`, then rise linearly to `peak` over `length` steps.

    A GRU decoder that sees the full KL term from step 0 learns to ignore z (Bowman et al., arXiv:1511.06349).

    >>> [linear_warmup(step, length=4, peak=1.0) for step in (0, 1, 4, 9)]
    [0.0, 0.25, 1.0, 1.0]
    """
    if length <= 0:
        raise ValueError(f"length must be positive, got {length}")
    return peak * min(max((step - start) / length, 0.0), 1.0)


def cyclical(step: int, *, length: int, peak: float, rising: float = 0.5) -> float:
    """Return a saw: each cycle of `length` steps rises linearly over its first `rising` share, then stays at `peak`.

    Each restart lets the decoder read z again before the KL term pushes back (Fu et al., arXiv:1903.10145).

    >>> [cyclical(step, length=4, peak=1.0) for step in (0, 1, 2, 3, 4)]
    [0.0, 0.5, 1.0, 1.0, 0.0]
    """
    if length <= 0:
        raise ValueError(f"length must be positive, got {length}")
    if not 0 < rising <= 1:
        raise ValueError(f"rising must be a share above 0 and at most 1, got {rising}")
    return peak * min((step % length) / (rising * length), 1.0)


def cosine_decay(progress: float, *, peak: float, final: float) -> float:
    """Fall from `peak` to `final` along half a cosine (Loshchilov & Hutter, arXiv:1608.03983).

    Args:
        progress: share of the run that is done; beyond 1 stays at `final`.
        peak: value at the start.
        final: value at the end.

    >>> [round(cosine_decay(share, peak=1.0, final=0.0), 3) for share in (0.0, 0.5, 1.0, 2.0)]
    [1.0, 0.5, 0.0, 0.0]
    """
    progress = min(max(progress, 0.0), 1.0)
    return final + (peak - final) * 0.5 * (1 + math.cos(math.pi * progress))


def learning_rate(step: int, progress: float, *, peak: float, final: float, warmup_steps: int) -> float:
    """Return the learning rate of `step` (the first is 0): linear warm-up under a cosine decay over the whole run.

    The warm-up keeps Adam's first steps small, while its second moments are estimates from few batches
    (Ma & Yarats, arXiv:1910.04209).

    >>> [round(learning_rate(step, 0.0, peak=1.0, final=0.0, warmup_steps=4), 3) for step in (0, 3, 9)]
    [0.25, 1.0, 1.0]
    """
    rate = cosine_decay(progress, peak=peak, final=final)
    if warmup_steps == 0:
        return rate
    return linear_warmup(step + 1, length=warmup_steps, peak=rate)  # a first step of rate 0 would change nothing


def beta_schedule(
    name: Literal["constant", "linear", "cyclical"], *, peak: float, length: int
) -> Callable[[int], float]:
    """Return the weight β of the KL term as a function of the step.

    >>> beta_schedule("linear", peak=0.1, length=100)(50)
    0.05
    """
    if name == "constant":
        return lambda step: constant(step, peak=peak)
    if name == "linear":
        return lambda step: linear_warmup(step, length=length, peak=peak)
    return lambda step: cyclical(step, length=length, peak=peak)
