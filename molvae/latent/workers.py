"""Chemistry and network together in worker processes, each with its own copy of the model: long inputs on a CPU.

A network in a thread of the process that feeds the chemistry of others shares that process's interpreter, and waits for
it after each of its thousand small products. A process that does everything for its rows waits for nobody.
"""

from __future__ import annotations

import functools
import itertools
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molvae.errors import MoleculeError
from molvae.latent.chunks import encode_chunk
from molvae.latent.network import Network
from molvae.latent.results import Encoding
from molvae.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from molvae.model.generation import BATCH_ROWS, Sampling
from molvae.model.precision import Precision
from molvae.tokens.bulk import Decoded, Keep, decode_many, encode_many, lost_to_a_crash, select_many
from molvae.tokens.codec import MoleculeCodec
from molvae.tokens.processes import in_order

EncodedRow = tuple[Encoding, int]  # a row of the encoding of its chunk
Point = tuple[int, NDArray[np.float32]]  # the number that a row's noise belongs to, and z (D,)


@dataclass(frozen=True, slots=True)
class ModelCopy:
    """How a worker process finds the model, and how it is to run it."""

    folder: str
    precision: Precision
    max_symbols: int


class SharedModel:
    """A checkpoint that worker processes can load: written to a temporary folder when first asked for."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._folder: str | None = None
        self._lock = threading.Lock()  # the second of two threads must not find a folder that is half written

    @property
    def folder(self) -> str:
        """Where the model lies, as long as this object lives."""
        with self._lock:
            if self._folder is None:
                folder = tempfile.mkdtemp(prefix="molvae-")
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # also when Python exits
                save_checkpoint(folder, self._checkpoint)
                self._folder = folder
            return self._folder


def encode_in_workers(
    copy: ModelCopy, molecules: Iterable[object], *, workers: int, refine: bool = False
) -> Iterator[Encoding]:
    """Yield the encodings of the molecules, up to `BATCH_ROWS` at a time, in order; `refine` as in `encode_chunk`."""
    rows = in_order(_Encode(copy, refine), molecules, workers=workers, chunk_size=BATCH_ROWS)
    for _, chunk in itertools.groupby(rows, key=lambda row: id(row[0])):
        yield next(chunk)[0]


def decode_in_workers(
    copy: ModelCopy, points: Iterable[Point], sampling: Sampling, seed: int, *, keep: Keep | None, workers: int
) -> Iterator[str | MoleculeError]:
    """Yield the canonical SMILES of each point, or why there is none, in order; `keep` as in `select_many`."""
    return in_order(_Decode(copy, sampling, seed, keep), points, workers=workers, chunk_size=BATCH_ROWS)


@functools.lru_cache(maxsize=2)
def _loaded(copy: ModelCopy) -> tuple[MoleculeCodec, Network]:
    checkpoint = load_checkpoint(copy.folder)
    codec = MoleculeCodec(checkpoint.vocabulary, checkpoint.constraints, checkpoint.standardization)
    network = Network.of(
        checkpoint.vae, device="cpu", precision=copy.precision, threads=1, max_symbols=copy.max_symbols
    )
    return codec, network


@dataclass(frozen=True, slots=True)
class _Encode:
    copy: ModelCopy
    refine: bool

    def run(self, rows: list[object]) -> list[EncodedRow]:
        codec, network = _loaded(self.copy)
        encoded = list(encode_many(codec, rows, chunk_size=len(rows)))
        return self.unpack(encode_chunk(network, encoded, refine=self.refine))

    def pack(self, results: list[EncodedRow]) -> Encoding:
        return results[0][0]

    def unpack(self, packed: Encoding) -> list[EncodedRow]:
        return [(packed, row) for row in range(len(packed))]

    def lost(self) -> EncodedRow:
        _, network = _loaded(self.copy)
        return encode_chunk(network, [lost_to_a_crash()]), 0


@dataclass(frozen=True, slots=True)
class _Decode(Decoded):
    copy: ModelCopy
    sampling: Sampling
    seed: int
    keep: Keep | None

    def run(self, rows: list[Point]) -> list[str | MoleculeError]:
        codec, network = _loaded(self.copy)
        numbers, z = np.array([number for number, _ in rows]), np.stack([point for _, point in rows])
        sequences = network.sequences(z, self.sampling, seed=self.seed, rows=numbers)
        if self.keep is None:
            return list(decode_many(codec, sequences, chunk_size=len(rows)))
        return list(select_many(codec, zip(numbers.tolist(), sequences, strict=True), self.keep, chunk_size=len(rows)))
