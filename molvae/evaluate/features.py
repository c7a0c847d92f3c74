"""What MOSES measures on many molecules: in order, over processes, the same for any number of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molvae.chem.logs import quiet_rdkit
from molvae.chem.moses import FINGERPRINT_BITS, MosesFeatures, MosesProperties, moses_features, structure_filters
from molvae.evaluate.similarity import Fingerprints
from molvae.tokens.processes import CHUNK_SIZE, in_order

PROPERTIES = MosesProperties._fields
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What MOSES measures on `n` valid molecules, in their order."""

    smiles: tuple[str, ...]  # canonical isomeric
    fingerprints: Fingerprints  # (n, 128), Morgan of radius 2 and 1,024 bits
    fragments: Counter[str]  # BRICS fragments, each occurrence counted
    scaffolds: Counter[str]  # Murcko scaffolds of two rings and more
    properties: dict[str, NDArray[np.float64]]  # name to values (n,), empty where not asked for
    passes: NDArray[np.bool_] | None  # (n,), of the filters, None where there are none
    read: int  # molecules given, valid or not

    def __len__(self) -> int:
        return len(self.smiles)


def measure_features(
    smiles: Iterable[str | None],
    *,
    filters: Sequence[str] | None = None,
    properties: bool = True,
    workers: int | None = 1,
    progress: Progress = lambda count: None,
) -> Features:
    """Measure the valid ones of `smiles`; None, '' and what RDKit cannot read are counted and left out.

    `filters` are SMARTS, None for no filters; `workers` are processes, None for one on each core.

    >>> features = measure_features(["CCO", "C1CC", "OCC"])
    >>> len(features), features.read, features.fragments
    (2, 3, Counter({'CCO': 2}))
    """
    found: list[str] = []
    prints = bytearray()
    fragments: Counter[str] = Counter()
    scaffolds: Counter[str] = Counter()
    values: list[MosesProperties] = []
    passes: list[bool] = []
    read = 0
    for row in iterate_features(smiles, filters=filters, properties=properties, workers=workers):
        read += 1
        progress(1)
        if row is None:
            continue
        found.append(row.smiles)
        prints += row.fingerprint
        fragments.update(row.fragments)
        if row.scaffold is not None:
            scaffolds[row.scaffold] += 1
        if row.properties is not None:
            values.append(row.properties)
        if row.passes_filters is not None:
            passes.append(row.passes_filters)
    table = np.array(values, dtype=np.float64).reshape(-1, len(PROPERTIES))
    return Features(
        smiles=tuple(found),
        fingerprints=np.frombuffer(bytes(prints), dtype=np.uint8).reshape(-1, FINGERPRINT_BITS // 8),
        fragments=fragments,
        scaffolds=scaffolds,
        properties={name: table[:, column] for column, name in enumerate(PROPERTIES)} if properties else {},
        passes=None if filters is None else np.array(passes, dtype=bool),
        read=read,
    )


def iterate_features(
    smiles: Iterable[str | None],
    *,
    filters: Sequence[str] | None = None,
    properties: bool = True,
    workers: int | None = 1,
) -> Iterator[MosesFeatures | None]:
    """Yield what MOSES reads off each molecule, None for an invalid one."""
    work = _Measuring(None if filters is None else tuple(filters), properties)
    return in_order(work, smiles, workers=workers, chunk_size=CHUNK_SIZE)


@dataclass(frozen=True)
class _Measuring:
    filters: tuple[str, ...] | None
    properties: bool

    def run(self, rows: list[str | None]) -> list[MosesFeatures | None]:
        filters = None if self.filters is None else structure_filters(self.filters)
        with quiet_rdkit():
            return [moses_features(row or "", filters, properties=self.properties) for row in rows]

    def pack(self, results: list[MosesFeatures | None]) -> list[MosesFeatures | None]:
        return results

    def unpack(self, packed: list[MosesFeatures | None]) -> list[MosesFeatures | None]:
        return packed

    def lost(self) -> None:
        return None
