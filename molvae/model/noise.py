"""Random numbers that belong to a row, so that what is drawn for a row does not depend on its batch.

A generator's stream is cut differently by every batch size: `randn(20, 8)` is not twenty times `randn(1, 8)`. Here the
number at (seed, row, column) is a function of these three alone: the output function of SplitMix64 (Steele, Lea &
Flood, OOPSLA 2014, doi:10.1145/2660193.2660195), applied to a counter.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def keyed_uniform(seed: int, rows: NDArray[np.int64], columns: range) -> Tensor:
    """Return numbers uniform on (0, 1), shape (len(rows), len(columns)), float32.

    Args:
        seed: any integer from 0 to 2^64 - 1.
        rows: the row numbers, for instance 0 … n-1.
        columns: the column numbers, for instance the steps of a sequence.

    >>> whole = keyed_uniform(7, np.arange(4), range(6))
    >>> torch.equal(keyed_uniform(7, np.array([2]), range(3, 6)), whole[2:3, 3:6])
    True
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, got {seed}")
    with np.errstate(over="ignore"):  # the arithmetic is modulo 2^64
        stream = _mix(_mix(np.full(1, seed, np.uint64)) + rows.astype(np.uint64) * _GOLDEN)
        counters = np.arange(columns.start, columns.stop, dtype=np.uint64) * _GOLDEN
        bits = _mix(stream[:, None] + counters[None, :])
    # 23 bits and a half: never 0 or 1, also after rounding to single precision.
    return torch.from_numpy((((bits >> np.uint64(41)).astype(np.float64) + 0.5) * 2.0**-23).astype(np.float32))


def keyed_normal(seed: int, rows: NDArray[np.int64], columns: range) -> Tensor:
    """Return standard normal numbers, shape (len(rows), len(columns)), float32; see `keyed_uniform`."""
    normal: Tensor = torch.special.ndtri(keyed_uniform(seed, rows, columns).double())
    return normal.float()


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x + _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
