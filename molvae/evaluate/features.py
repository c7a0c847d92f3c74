"""What MOSES measures on many molecules: in order, over processes, the same for any number of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from molvae.chem.moses import FINGERPRINT_BITS, MosesFeatures, MosesProperties, moses_features, structure_filters
from molvae.evaluate.bulk import EachMolecule
from molvae.evaluate.resources import Progress
from molvae.evaluate.similarity import Fingerprints
from molvae.tokens.processes import CHUNK_SIZE, in_order

PROPERTIES = MosesProperties._fields


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
    work = EachMolecule(partial(_measure, filters=None if filters is None else tuple(filters), properties=properties))
    return in_order(work, smiles, workers=workers, chunk_size=CHUNK_SIZE)


def _measure(smiles: str, *, filters: tuple[str, ...] | None, properties: bool) -> MosesFeatures | None:
    return moses_features(smiles, None if filters is None else structure_filters(filters), properties=properties)
