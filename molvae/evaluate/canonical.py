"""Canonical SMILES of many molecules as RDKit reads them, without the rules of the gate: what the benchmarks do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import rdkit_canonical
from molvae.tokens.processes import CHUNK_SIZE, in_order


def canonical_many(
    smiles: Iterable[str | None], *, stereo: bool = True, workers: int | None = 1
) -> Iterator[str | None]:
    """Yield the canonical SMILES of each molecule, None for '' and for what RDKit cannot read.

    >>> list(canonical_many(["OCC", "C1CC", None]))
    ['CCO', None, None]
    """
    return in_order(_Canonical(stereo), smiles, workers=workers, chunk_size=4 * CHUNK_SIZE)


@dataclass(frozen=True)
class _Canonical:
    stereo: bool

    def run(self, rows: list[str | None]) -> list[str | None]:
        with quiet_rdkit():
            return [rdkit_canonical(row, stereo=self.stereo) if row else None for row in rows]

    def pack(self, results: list[str | None]) -> list[str | None]:
        return results

    def unpack(self, packed: list[str | None]) -> list[str | None]:
        return packed

    def lost(self) -> None:
        return None
