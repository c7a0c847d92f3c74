"""Molecules that were proposed, and what was measured of them: who is who, and what cannot be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import read_quietly
from molvae.chem.settings import Standardization
from molvae.errors import DataError, MoleculeError


class Proposed(NamedTuple):
    """A molecule that was proposed, under the name by which its value comes back."""

    id: str
    smiles: str  # canonical
    arm: str
    parents: tuple[str, ...]
    round: int  # of asking, from 1


@dataclass(frozen=True, slots=True)
class Measurement:
    """What became of a molecule outside; one that was never proposed has no id."""

    id: str = ""
    smiles: str | None = None  # may be left out beside an id; both must be of one molecule
    value: float | Literal["failed"] | None = None  # None: not measured yet; "failed": never will be
    row: int = 0  # where it stands, for messages


@dataclass(frozen=True, slots=True)
class Told:
    """What telling brought, in rows."""

    recorded: int = 0  # new values
    failed: int = 0  # new failures
    known: int = 0  # told before, with the same value
    missing: int = 0  # not measured yet
    refused: tuple[tuple[int, str], ...] = ()  # row and reason, of molecules without an id that the gate refuses


def matched(
    measurements: Sequence[Measurement], proposed: Mapping[str, Proposed], standardization: Standardization
) -> tuple[dict[str, float | None], Told]:
    """Return the value of each canonical SMILES, None for a failure, and how many rows are missing or refused.

    Raises:
        DataError: an id that was not proposed, a molecule that is not the one of its id, neither of the two, a molecule
            with two values, or a value that is no finite number.
    """
    values: dict[str, float | None] = {}
    rows: dict[str, int] = {}
    refused, missing = [], 0
    with quiet_rdkit():
        for number, measurement in enumerate(measurements, start=1):
            row = measurement.row or number
            try:
                smiles = _molecule_of(measurement, proposed, standardization, row)
            except MoleculeError as err:
                refused.append((row, str(err)))
                continue
            if measurement.value is None:
                missing += 1
                continue
            value = None if measurement.value == "failed" else float(measurement.value)
            if value is not None and not math.isfinite(value):
                raise DataError(f"row {row}: a value must be a finite number, None or 'failed', got {value}")
            if smiles in values and values[smiles] != value:
                raise DataError(
                    f"rows {rows[smiles]} and {row} give {smiles} two values, {worded(values[smiles])} and"
                    f" {worded(value)}: tell their mean"
                )
            values[smiles], rows[smiles] = value, row
    return values, Told(missing=missing, refused=tuple(refused))


def _molecule_of(
    measurement: Measurement, proposed: Mapping[str, Proposed], standardization: Standardization, row: int
) -> str:
    if not measurement.id:
        if not measurement.smiles:
            raise DataError(f"row {row} has neither an id nor a molecule")
        return read_quietly(measurement.smiles, standardization).smiles
    proposal = proposed.get(measurement.id)
    if proposal is None:
        known = f"{next(iter(proposed))} to {list(proposed)[-1]}" if proposed else "none"
        raise DataError(
            f"row {row}: there is no proposal {measurement.id[:40]!r}, known are {known}; leave the id empty to tell of"
            " a molecule that was not proposed"
        )
    if measurement.smiles:
        try:
            given = read_quietly(measurement.smiles, standardization).smiles
        except MoleculeError as err:
            given = f"no molecule ({err})"
        if given != proposal.smiles:
            raise DataError(
                f"row {row}: {proposal.id} is {proposal.smiles}, and the row says {given}: are the rows shifted?"
            )
    return proposal.smiles


def worded(value: float | None) -> str:
    """Return a told value as a person reads it."""
    return "failed" if value is None else f"{value:g}"
