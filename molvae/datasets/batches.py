"""Length-bucketed batches: molecules of (nearly) equal length together, so that hardly a token is padding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molvae.datasets.shards import TokenShard
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN, PAD_TOKEN


class Batch(NamedTuple):
    """Molecules as the model reads them, time-major."""

    tokens: NDArray[np.int64]  # (T, B): begin, symbols, end, then padding
    lengths: NDArray[np.int64]  # (B,): tokens with begin and end


class BucketedBatches:
    """The batches of training: which molecules a step sees is a function of the seed and the step alone.

    Each epoch draws a new order, leaves out the `n % batch_size` molecules at its end (others in each epoch), sorts
    the rest by length with ties in the drawn order, cuts full batches, and visits them in random order. Nothing
    depends on what was drawn before, so training resumes at any step. With `weights`, an epoch holds each molecule
    as often as its weight says, rounded up or down by chance.

    >>> batches = BucketedBatches(np.array([3, 1, 3, 1]), np.arange(4), batch_size=2, seed=0)
    >>> sorted(sorted(batches.batch(step).tolist()) for step in range(batches.steps_per_epoch))
    [[0, 2], [1, 3]]
    """

    def __init__(
        self,
        lengths: NDArray[np.integer],
        indices: NDArray[np.integer],
        *,
        batch_size: int,
        seed: int,
        weights: NDArray[np.floating] | None = None,
    ) -> None:
        """Plan batches of the molecules `indices` (m,), rows of a shard whose molecules have `lengths` (n,).

        Args:
            lengths: of all molecules of the shard (n,).
            indices: rows of the shard (m,).
            batch_size: molecules per batch.
            seed: of the order.
            weights: how often an epoch holds each of the `indices` (m,), on average; None: once.

        Raises:
            ValueError: no molecules, an index outside the shard, a batch size below 1, a negative seed, or weights
                that are not positive.
        """
        rows: NDArray[np.int64] = np.array(indices, dtype=np.int64)
        _check_rows(rows, len(lengths))
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if seed < 0:
            raise ValueError(f"seed must be at least 0, got {seed}")
        self._indices = rows
        self._lengths = np.asarray(lengths)[rows].astype(np.uint16)  # 16 bits: a stable sort by radix, 10x faster
        self._weights = None if weights is None else np.cumsum(weights, dtype=np.float64)
        if weights is not None and (weights.shape != rows.shape or not (np.isfinite(weights) & (weights > 0)).all()):
            raise ValueError(f"weights must be one positive number for each of {len(rows)} molecules")
        self._batch_size = min(batch_size, len(rows))
        self._seed = seed
        self._epoch = -1
        self._batches: NDArray[np.int64] = np.empty((0, 0), dtype=np.int64)

    @property
    def batch_size(self) -> int:
        """Molecules per batch: what was asked for, or all of them where there are fewer."""
        return self._batch_size

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches of one epoch."""
        molecules = len(self._indices) if self._weights is None else round(float(self._weights[-1]))
        return max(1, molecules // self._batch_size)

    def batch(self, step: int, *, rank: int = 0, world_size: int = 1) -> NDArray[np.int64]:
        """Return the rows (B,) of a step, counted from 0; of `world_size` processes each takes its share of them.

        Raises:
            ValueError: a negative step, or a batch that cannot be divided among the processes.
        """
        if step < 0:
            raise ValueError(f"step must be at least 0, got {step}")
        if not 0 <= rank < world_size:
            raise ValueError(f"rank must be from 0 to {world_size - 1}, got {rank}")
        if self._batch_size % world_size:
            raise ValueError(
                f"batch_size must be a multiple of the {world_size} processes, got {self._batch_size}: "
                "gradients are averaged over processes with equal weight"
            )
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._batches, self._epoch = self._plan(epoch), epoch
        return self._batches[position, rank::world_size]  # strided: every process gets the same lengths

    def _plan(self, epoch: int) -> NDArray[np.int64]:
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence((self._seed, epoch))))
        count = self.steps_per_epoch
        drawn = self._drawn(generator, count * self._batch_size)
        by_length = drawn[np.argsort(self._lengths[drawn], kind="stable")]
        planned = by_length.reshape(count, self._batch_size)[generator.permutation(count)]
        return self._indices[planned]

    def _drawn(self, generator: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Return the positions of `count` molecules in random order."""
        if self._weights is None:
            return generator.permutation(len(self._indices))[:count]
        # Systematic resampling: equal steps along the sum of the weights take each molecule ⌊w⌋ or ⌈w⌉ times.
        steps = (np.arange(count) + generator.random()) * (self._weights[-1] / count)
        positions = np.minimum(np.searchsorted(self._weights, steps, side="right"), len(self._indices) - 1)
        return generator.permutation(positions)


def batches_in_length_order(
    lengths: NDArray[np.integer], indices: NDArray[np.integer], *, batch_size: int
) -> Iterator[NDArray[np.int64]]:
    """Yield every row of `indices` once, shortest molecules first, in batches of up to `batch_size`: for validation.

    >>> [batch.tolist() for batch in batches_in_length_order(np.array([5, 1, 2]), np.arange(3), batch_size=2)]
    [[1, 2], [0]]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    rows: NDArray[np.int64] = np.array(indices, dtype=np.int64)
    ordered = rows[np.argsort(np.asarray(lengths)[rows], kind="stable")]
    for start in range(0, len(ordered), batch_size):
        yield ordered[start : start + batch_size]


def collate(shard: TokenShard, indices: NDArray[np.integer]) -> Batch:
    """Return the molecules `indices` (B,) of a shard as one batch.

    Raises:
        ValueError: no indices, or one outside the shard.
    """
    rows: NDArray[np.int64] = np.array(indices, dtype=np.int64)
    _check_rows(rows, len(shard))
    starts = shard.offsets[rows]
    counts = shard.offsets[rows + 1] - starts
    longest = int(counts.max())
    tokens = np.full((longest + 2, len(rows)), PAD_TOKEN, dtype=np.int64)
    tokens[0] = BOS_TOKEN
    position = np.arange(longest)[:, None]  # (T - 2, 1)
    inside = position < counts  # (T - 2, B)
    tokens[1:-1][inside] = shard.tokens[(starts + position)[inside]]
    tokens[counts + 1, np.arange(len(rows))] = EOS_TOKEN
    return Batch(tokens=tokens, lengths=counts + 2)


def _check_rows(rows: NDArray[np.int64], count: int) -> None:
    if rows.ndim != 1 or len(rows) == 0:
        raise ValueError(f"indices must be a list of at least one row, got shape {rows.shape}")
    if rows.min() < 0 or rows.max() >= count:
        raise ValueError(f"indices must be rows from 0 to {count - 1}, got {rows.min()} to {rows.max()}")
