"""Tanimoto similarity between large sets of fingerprints, by matrix products of their bits.

Fingerprints are packed rows of bytes (n, bits / 8). Products of zeros and ones count common bits exactly, also in
bf16 as long as no count is above 256.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.model.parallel import map_threads, resolve_threads
from molvae.model.precision import resolve_precision

Fingerprints = NDArray[np.uint8]  # (n, bits / 8)
Progress = Callable[[int], None]

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
    *,
    power: int = 1,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = lambda count: None,
) -> NDArray[np.float64]:
    """Return (mean over j of Tanimoto(i, j)^p)^(1/p) of each row i, itself among the j, shape (n,)."""
    _check(fingerprints, fingerprints)
    sizes = bit_counts(fingerprints)
    dtype = _dtype(sizes.max(initial=0), device)
    starts = range(0, len(fingerprints), _ROWS)
    blocks = [_bits(fingerprints[start : start + _ROWS], dtype, device) for start in starts]
    counts = [torch.from_numpy(sizes[start : start + _ROWS]).float().to(device) for start in starts]
    sums = np.zeros(len(fingerprints))

    def add(i: int) -> list[tuple[int, NDArray[np.float64]]]:
        """Compare block i with itself and with all later ones: a pair counts for both of its rows."""
        found = []
        for j in range(i, len(blocks)):
            similarity = _similarity(blocks[i], blocks[j], counts[i], counts[j]).pow_(power)
            found.append((i, similarity.sum(dim=1, dtype=torch.float64).cpu().numpy()))
            if j > i:
                found.append((j, similarity.sum(dim=0, dtype=torch.float64).cpu().numpy()))
        progress(len(counts[i]))
        return found

    for found in map_threads(add, range(len(blocks)), threads=_threads(threads, device)):
        for index, part in found:
            sums[index * _ROWS : (index + 1) * _ROWS] += part
    means: NDArray[np.float64] = (sums / max(1, len(fingerprints))) ** (1 / power)
    return means


def nearest_other_similarity(
    fingerprints: Fingerprints, *, device: torch.device | str = "cpu", threads: int | None = None
) -> NDArray[np.float64]:
    """Return the similarity of each row to the nearest of the other rows, shape (n,), 0 where there is none."""
    _check(fingerprints, fingerprints)
    sizes = bit_counts(fingerprints)
    dtype = _dtype(sizes.max(initial=0), device)
    starts = range(0, len(fingerprints), _ROWS)
    blocks = [_bits(fingerprints[start : start + _ROWS], dtype, device) for start in starts]
    counts = [torch.from_numpy(sizes[start : start + _ROWS]).float().to(device) for start in starts]

    def nearest(i: int) -> NDArray[np.float32]:
        best = torch.zeros(len(counts[i]), device=device)
        for j in range(len(blocks)):
            similarity = _similarity(blocks[i], blocks[j], counts[i], counts[j])
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


def _similarity(a: Tensor, b: Tensor, a_counts: Tensor, b_counts: Tensor) -> Tensor:
    common = (a @ b.T).float()
    similarity = common / (a_counts[:, None] + b_counts[None, :]).sub_(common)
    return similarity.nan_to_num_(nan=1.0)


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
