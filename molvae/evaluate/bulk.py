"""Small chemistry over many molecules and processes, where RDKit decides what is valid and the gate has no say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import rdkit_canonical
from molvae.chem.moses import FINGERPRINT_BITS, fingerprint_of
from molvae.datasets.files import atomic_path
from molvae.evaluate.resources import Progress
from molvae.evaluate.similarity import Fingerprints
from molvae.tokens.processes import CHUNK_SIZE, in_order

Result = TypeVar("Result")


@dataclass(frozen=True)
class EachMolecule(Generic[Result]):
    """Work for `in_order`: one function of a SMILES, None for '', for None and where the process died."""

    function: Callable[[str], Result | None]

    def run(self, rows: list[str | None]) -> list[Result | None]:
        """Return the results of a chunk, without a word from RDKit."""
        with quiet_rdkit():
            return [self.function(row) if row else None for row in rows]

    def pack(self, results: list[Result | None]) -> list[Result | None]:
        """Return the results as they are."""
        return results

    def unpack(self, packed: list[Result | None]) -> list[Result | None]:
        """Return the results as they are."""
        return packed

    def lost(self) -> None:
        """Return the result of a molecule on which the process died."""
        return


def canonical_many(
    smiles: Iterable[str | None], *, stereo: bool = True, workers: int | None = 1
) -> Iterator[str | None]:
    """Yield the canonical SMILES of each molecule, None for '' and for what RDKit cannot read.

    >>> list(canonical_many(["OCC", "C1CC", None]))
    ['CCO', None, None]
    """
    work = EachMolecule(partial(rdkit_canonical, stereo=stereo))
    return in_order(work, smiles, workers=workers, chunk_size=4 * CHUNK_SIZE)


def fingerprint_many(
    smiles: Iterable[str], *, workers: int | None = 1, progress: Progress = lambda count: None
) -> Fingerprints:
    """Return the packed MOSES fingerprints (n, 128) of the readable ones of `smiles`."""
    prints = bytearray()
    for row in in_order(EachMolecule(fingerprint_of), smiles, workers=workers, chunk_size=4 * CHUNK_SIZE):
        prints += row or b""
        progress(1)
    return np.frombuffer(bytes(prints), dtype=np.uint8).reshape(-1, FINGERPRINT_BITS // 8)


def kept_fingerprints(
    smiles: Sequence[str], path: Path, *, workers: int | None = 1, progress: Progress = lambda count: None
) -> Fingerprints:
    """Return the fingerprints that the file at `path` holds, or compute and write them; they are memory-mapped."""
    try:
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if stored.dtype == np.uint8 and stored.ndim == 2 and stored.shape[1] == FINGERPRINT_BITS // 8:
            return np.asarray(stored)
    except (OSError, ValueError, EOFError):  # not there, or damaged
        pass
    prints = fingerprint_many(smiles, workers=workers, progress=progress)
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, prints, allow_pickle=False)
    return prints
