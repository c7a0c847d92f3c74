"""Tanimoto similarity between large sets of fingerprints, by matrix products of their bits.

Fingerprints are packed rows of bytes (n, bits / 8). Products of zeros and ones count common bits exactly, also in
bf16 as long as no count is above 256.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.evaluate.resources import Progress
from molvae.model.parallel import map_threads, resolve_threads
from molvae.model.precision import resolve_precision

Fingerprints = NDArray[np.uint8]  # (n, bits / 8)

_ROWS = 2_048  # of a block: block against block is 4 million pairs
_EXACT_IN_BF16 = 256


def nearest_similarity(
    queries: Fingerprints,
    references: Fingerprints,
    *,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = lambda count: None,
) -> NDArray[np.float64]:
    """Return the Tanimoto similarity of each query (n, bytes) to its nearest reference (m, bytes), shape (n,).

    Two empty fingerprints have similarity 1. References are compared in groups with one number of bits: within a
    group the nearest is the one with the most common bits, so a pair costs its share of a product and one maximum.
    `progress` counts references.
    """
    _check(queries, references)
    sizes, reference_sizes = bit_counts(queries), bit_counts(references)
    dtype = _dtype(max(sizes.max(initial=0), reference_sizes.max(initial=0)), device)
    blocks = [_bits(queries[start : start + _ROWS], dtype, device) for start in range(0, len(queries), _ROWS)]
    best = np.zeros(len(queries))
    for group in _groups(reference_sizes):
        others = _bits(references[group], dtype, device)
        total = int(reference_sizes[group[0]])

        def compare(index: int, others: Tensor = others, total: int = total) -> None:
            rows = slice(index * _ROWS, (index + 1) * _ROWS)
            common = (blocks[index] @ others.T).amax(dim=1).double().cpu().numpy()
            best[rows] = np.maximum(best[rows], _tanimoto(common, sizes[rows] + total))

        map_threads(compare, range(len(blocks)), threads=_threads(threads, device))
        progress(len(group))
    return best


def mean_similarity(
    fingerprints: Fingerprints,
    others: Fingerprints | None = None,
    *,
    power: int = 1,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = lambda count: None,
) -> NDArray[np.float64]:
    """Return (mean over j of Tanimoto(i, j)^p)^(1/p) of each row i, shape (n,), over the rows j of `others`.

    Without `others`, j runs over the fingerprints themselves, i among them, and each pair is compared once.
    """
    _check(fingerprints, fingerprints if others is None else others)
    within = others is None
    rows = _blocks(fingerprints, device)
    starts = range(0, len(fingerprints if others is None else others), _ROWS)
    sums = np.zeros(len(fingerprints))

    def add(j: int) -> list[tuple[int, NDArray[np.float64]]]:
        """Compare the rows with block j of the others; within one set, only those up to j, and for both sides."""
        # Of a set of millions only a few blocks are ones and zeros at a time.
        column = rows[j] if others is None else _blocks(others[starts[j] : starts[j] + _ROWS], device)[0]
        found = []
        for i in range(j + 1 if within else len(rows)):
            similarity = rows[i].similarity(column).pow_(power)
            found.append((i, similarity.sum(dim=1, dtype=torch.float64).cpu().numpy()))
            if within and i < j:
                found.append((j, similarity.sum(dim=0, dtype=torch.float64).cpu().numpy()))
        progress(len(column.bits))
        return found

    for found in map_threads(add, range(len(starts)), threads=_threads(threads, device)):
        for index, part in found:
            sums[index * _ROWS : (index + 1) * _ROWS] += part
    count = len(fingerprints) if others is None else len(others)
    means: NDArray[np.float64] = (sums / max(1, count)) ** (1 / power)
    return means


def nearest_other_similarity(
    fingerprints: Fingerprints, *, device: torch.device | str = "cpu", threads: int | None = None
) -> NDArray[np.float64]:
    """Return the similarity of each row to the nearest of the other rows, shape (n,), 0 where there is none."""
    _check(fingerprints, fingerprints)
    blocks = _blocks(fingerprints, device)

    def nearest(i: int) -> NDArray[np.float32]:
        best = torch.zeros(len(blocks[i].bits), device=device)
        for j, block in enumerate(blocks):
            similarity = blocks[i].similarity(block)
            if i == j:
                similarity.fill_diagonal_(0)
            best = torch.maximum(best, similarity.amax(dim=1))
        found: NDArray[np.float32] = best.cpu().numpy()
        return found

    parts = map_threads(nearest, range(len(blocks)), threads=_threads(threads, device))
    return np.concatenate([np.empty(0), *parts])


def bit_counts(fingerprints: Fingerprints) -> NDArray[np.int64]:
    """Return the number of set bits of each row, shape (n,)."""
    counts = np.empty(len(fingerprints), dtype=np.int64)
    for start in range(0, len(fingerprints), 65_536):
        counts[start : start + 65_536] = np.unpackbits(fingerprints[start : start + 65_536], axis=1).sum(axis=1)
    return counts


class _Block(NamedTuple):
    bits: Tensor  # (rows, bits) of zeros and ones
    counts: Tensor  # (rows,)

    def similarity(self, other: _Block) -> Tensor:
        """Return the Tanimoto similarity of each row to each of `other`, in single precision, 1 for two empty ones."""
        # The smaller type that holds both sides' counts: the sets may differ in it.
        dtype = torch.promote_types(self.bits.dtype, other.bits.dtype)
        common = (self.bits.to(dtype) @ other.bits.to(dtype).T).float()
        similarity = common / (self.counts[:, None] + other.counts[None, :]).sub_(common)
        return similarity.nan_to_num_(nan=1.0)


def _blocks(fingerprints: Fingerprints, device: torch.device | str) -> list[_Block]:
    counts = bit_counts(fingerprints)
    dtype = _dtype(counts.max(initial=0), device)
    return [
        _Block(
            _bits(fingerprints[start : start + _ROWS], dtype, device),
            torch.from_numpy(counts[start : start + _ROWS]).float().to(device),
        )
        for start in range(0, len(fingerprints), _ROWS)
    ]


def _tanimoto(common: NDArray[np.float64], total: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(common, total - common, out=np.ones_like(common), where=total > 0)


def _groups(sizes: NDArray[np.int64]) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of up to `_ROWS` fingerprints with one number of bits."""
    order = np.argsort(sizes, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(sizes[order])) + 1):
        for start in range(0, len(group), _ROWS):
            yield group[start : start + _ROWS]


def _bits(fingerprints: Fingerprints, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.unpackbits(fingerprints, axis=1)).to(device=device, dtype=dtype)


def _dtype(largest: int, device: torch.device | str) -> torch.dtype:
    return resolve_precision("auto", device) if largest <= _EXACT_IN_BF16 else torch.float32


def _threads(threads: int | None, device: torch.device | str) -> int:
    return resolve_threads(threads) if torch.device(device).type == "cpu" else 1


def _check(a: Fingerprints, b: Fingerprints) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or a.dtype != np.uint8 or b.dtype != np.uint8:
        raise ValueError(
            f"fingerprints must be packed rows of one width, got {a.dtype}{a.shape} and {b.dtype}{b.shape}"
        )
