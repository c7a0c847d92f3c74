"""Chemistry and network side by side: rows in, rows out, in order, both kept busy on long inputs.

Chemistry is 60 to 77 % of the time of encoding and decoding, so long inputs go through worker processes while the
network computes in a thread of this process (torch leaves the interpreter free). Short inputs see none of that.
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
from molvae.latent.network import Network
from molvae.latent.results import OK, Candidate, Encoding
from molvae.model.generation import BATCH_ROWS, GREEDY, Sampling
from molvae.model.parallel import resolve_threads
from molvae.tokens.bulk import decode_many, encode_many
from molvae.tokens.codec import EncodedMolecule, MoleculeCodec

# Rows that are sorted by length together: long enough to leave almost no padding in batches of 512, short enough that
# the network starts early.
WINDOW = 4_096
_ENCODE_AHEAD = 2  # windows
_DECODE_AHEAD = 16  # batches: the chemistry takes its input in long draughts
POOL_FROM = 3_000  # rows; below, starting worker processes costs more than they save

T = TypeVar("T")
R = TypeVar("R")


def as_rows(molecules: str | Iterable[object]) -> list[object]:
    """Return molecules as rows; one SMILES, or one RDKit molecule, is one row.

    >>> as_rows("CCO")
    ['CCO']
    """
    if isinstance(molecules, str | bytes) or not isinstance(molecules, Iterable):
        return [molecules]
    return list(molecules)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Molecules to posteriors and points to molecules, by chemistry and network together."""

    codec: MoleculeCodec
    network: Network
    workers: int | None  # processes for the chemistry of many molecules; None shares the cores

    def encode(self, molecules: Iterable[object], *, many: bool) -> Iterator[Encoding]:
        """Yield the encodings of the molecules, up to `WINDOW` rows at a time, one row for each molecule.

        `many` says that the input is long enough for worker processes.
        """
        workers, network = self._cores(many)
        encoded = encode_many(self.codec, molecules, workers=workers)
        windows = iter(lambda: list(itertools.islice(encoded, WINDOW)), [])
        depth = _ENCODE_AHEAD if workers > 1 else 0
        yield from _ahead(lambda window: _encode_window(network, window), windows, depth=depth)

    def decode(
        self,
        blocks: Iterable[NDArray[np.float32]],
        *,
        many: bool,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        first_row: int = 0,
    ) -> Iterator[str | None]:
        """Yield the canonical SMILES of each point in blocks (n, D), None where it derives to no atoms.

        Row i of all blocks draws from the seed and the number `first_row` + i.
        """
        workers, network = self._cores(many)

        def generate(batch: tuple[NDArray[np.float32], int]) -> list[list[int]]:
            return network.sequences(batch[0], sampling, seed=seed, first_row=batch[1])

        sequences = _ahead(generate, _batches(blocks, first_row), depth=_DECODE_AHEAD if workers > 1 else 0)
        for decoded in decode_many(self.codec, itertools.chain.from_iterable(sequences), workers=workers):
            yield decoded if isinstance(decoded, str) else None

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


def _encode_window(network: Network, window: Sequence[EncodedMolecule | MoleculeError]) -> Encoding:
    taken = np.array([isinstance(row, EncodedMolecule) for row in window], dtype=bool)
    mean = np.full((len(window), network.vae.latent_dim), np.nan, dtype=np.float32)
    log_var = mean.copy()
    if taken.any():
        mean[taken], log_var[taken] = network.posteriors(
            [row.tokens for row in window if isinstance(row, EncodedMolecule)]
        )
    return Encoding(
        mean,
        log_var,
        smiles=tuple(row.smiles if isinstance(row, EncodedMolecule) else None for row in window),
        status=tuple(str(row.code) if isinstance(row, MoleculeError) else OK for row in window),
        detail=tuple(row.detail if isinstance(row, MoleculeError) else "" for row in window),
        notes=tuple(tuple(map(str, row.notes)) if isinstance(row, EncodedMolecule) else () for row in window),
    )


def _batches(blocks: Iterable[NDArray[np.float32]], first: int) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yield the points in batches for the network, each with the number of its first row."""
    for block in blocks:
        for start in range(0, len(block), BATCH_ROWS):
            batch = block[start : start + BATCH_ROWS]
            yield batch, first + start
        first += len(block)


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
