"""One row of a file of molecules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from molvae.errors import MoleculeError


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in a file; not yet judged by the gate, unless `refusal` says why it cannot be read."""

    number: int  # line, or record of an SDF or Parquet file, from 1
    smiles: str | None  # None where `refusal` is set
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)  # the other columns
    refusal: MoleculeError | None = None
