"""Chemistry and network together: rows in, rows out, in order, all cores busy on long inputs.

On a CPU, long inputs go to worker processes that do both (`workers`). With the network on a GPU, or the processes on a
cluster, only the chemistry goes out, and the network computes in a thread of this process. Short inputs see none of it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from molvae.errors import MoleculeError
from molvae.latent.chunks import encode_chunk
from molvae.latent.network import Network
from molvae.latent.results import Candidate, Encoding
from molvae.latent.workers import ModelCopy, Point, SharedModel, decode_in_workers, encode_in_workers
from molvae.model.generation import BATCH_ROWS, GREEDY, Sampling
from molvae.model.parallel import resolve_threads
from molvae.tokens.bulk import Keep, decode_many, encode_many, select_many
from molvae.tokens.codec import MoleculeCodec
from molvae.tokens.processes import resolve_workers, runs_locally

# Rows that are sorted by length together: long enough to leave almost no padding in batches of 512, short enough that
# the network starts early.
WINDOW = 4_096
_ENCODE_AHEAD = 2  # windows
_DECODE_AHEAD = 16  # batches: the chemistry takes its input in long draughts
POOL_FROM = 10_000  # rows; below, starting worker processes costs more than they save

T = TypeVar("T")
R = TypeVar("R")


def as_rows(molecules: str | Iterable[object]) -> list[object]:
    """Return molecules as rows; one SMILES, or one RDKit molecule, is one row.

    Raises:
        ValueError: a pandas DataFrame, whose rows are no molecules.

    >>> as_rows("CCO")
    ['CCO']
    """
    if isinstance(molecules, str | bytes) or not isinstance(molecules, Iterable):
        return [molecules]
    if hasattr(molecules, "columns"):
        names = ", ".join(repr(name) for name in list(molecules.columns)[:10])
        raise ValueError(f"molecules must be one column of a DataFrame, such as frame['smiles']; it has {names}")
    return list(molecules)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Molecules to posteriors and points to molecules, by chemistry and network together."""

    codec: MoleculeCodec
    network: Network
    workers: int | None  # processes for many molecules; None shares the cores
    model: SharedModel

    def encode(self, molecules: Iterable[object], *, many: bool, refine: bool = False) -> Iterator[Encoding]:
        """Yield the encodings of the molecules, up to `WINDOW` rows at a time, one row for each molecule.

        `many` says that the input is long enough for worker processes; `refine` as in `encode_chunk`.
        """
        if many and self._in_workers():
            workers = resolve_workers(self.workers)
            yield from encode_in_workers(self._copy(), molecules, workers=workers, refine=refine)
            return
        workers, network = self._cores(many)
        encoded = encode_many(self.codec, molecules, workers=workers)
        windows = iter(lambda: list(itertools.islice(encoded, WINDOW)), [])
        depth = _ENCODE_AHEAD if workers > 1 else 0
        yield from _ahead(lambda window: encode_chunk(network, window, refine=refine), windows, depth=depth)

    def decode(
        self,
        blocks: Iterable[NDArray[np.float32]],
        *,
        many: bool,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        numbers: Iterable[int] | None = None,
        keep: Keep | None = None,
    ) -> Iterator[str | MoleculeError]:
        """Yield the canonical SMILES of each point in blocks (n, D), or why there is none.

        A row draws from the seed and its number; `numbers` has that of each row of all blocks, None counts from 0.
        `keep` is as in `select_many`.
        """
        numbers = itertools.count() if numbers is None else numbers
        if many and self._in_workers():
            points = _numbered(itertools.chain.from_iterable(blocks), numbers)
            workers = resolve_workers(self.workers)
            yield from decode_in_workers(self._copy(), points, sampling, seed, keep=keep, workers=workers)
            return
        workers, network = self._cores(many)

        def generate(batch: tuple[NDArray[np.float32], NDArray[np.int64]]) -> list[tuple[int, list[int]]]:
            sequences = network.sequences(batch[0], sampling, seed=seed, rows=batch[1])
            return list(zip(batch[1].tolist(), sequences, strict=True))

        batches = _ahead(generate, _batches(blocks, numbers), depth=_DECODE_AHEAD if workers > 1 else 0)
        rows = itertools.chain.from_iterable(batches)
        if keep is None:
            yield from decode_many(self.codec, (tokens for _, tokens in rows), workers=workers)
        else:
            yield from select_many(self.codec, rows, keep, workers=workers)

    def _in_workers(self) -> bool:
        """Tell whether processes of this machine may do chemistry and network together."""
        return self.network.device.type == "cpu" and resolve_workers(self.workers) > 1 and runs_locally()

    def _copy(self) -> ModelCopy:
        return ModelCopy(self.model.folder, self.network.precision, self.network.max_symbols)

    def _cores(self, many: bool) -> tuple[int, Network]:
        """Return how many worker processes there are, and the network with the threads that remain.

        Chemistry and network cost about the same per molecule, so each gets half of the cores; on two cores two
        workers and one thread keep both busy. What the caller has set stays. Few molecules get one process.
        """
        if not many:
            return 1, self.network
        cores, workers, network = resolve_threads(None), self.workers, self.network
        if workers is None:
            workers = cores if network.device.type != "cpu" else min(cores, max(2, cores // 2))
        if network.threads is None:
            network = dataclasses.replace(network, threads=max(1, cores - workers))
        return workers, network


def distinct_molecules(codec: MoleculeCodec, sequences: Iterable[tuple[Sequence[int], float]]) -> list[Candidate]:
    """Return the molecules of token sequences with their log-probabilities, each at its first place."""
    best: dict[str, float] = {}
    for tokens, log_probability in sequences:
        try:
            best.setdefault(codec.decode(tokens), log_probability)
        except MoleculeError:  # no atoms
            continue
    return [Candidate(smiles, log_probability) for smiles, log_probability in best.items()]


def _numbered(points: Iterable[NDArray[np.float32]], numbers: Iterable[int]) -> Iterator[Point]:
    """Yield each point with its number; the point is read first, since that may be what makes its number known."""
    remaining = iter(numbers)
    return ((next(remaining), point) for point in points)


def _batches(
    blocks: Iterable[NDArray[np.float32]], numbers: Iterable[int]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Yield the points in batches for the network, with the number of each row."""
    remaining = iter(numbers)
    for block in blocks:
        for start in range(0, len(block), BATCH_ROWS):
            batch = block[start : start + BATCH_ROWS]
            yield batch, np.fromiter(itertools.islice(remaining, len(batch)), dtype=np.int64, count=len(batch))


def _ahead(work: Callable[[T], R], items: Iterable[T], *, depth: int) -> Iterator[R]:
    """Yield `work(item)` in order, up to `depth` items ahead in one thread; depth 0 works in this thread."""
    if depth == 0:
        yield from map(work, items)
        return
    pending: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="molvae-network")
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)  # also where the caller stops early or presses Ctrl-C
