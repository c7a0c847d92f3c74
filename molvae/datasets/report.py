"""What became of every row of a corpus: kept, a duplicate, left out, or refused with a reason. Pure Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from molvae.errors import DataError

MAX_EXAMPLES = 3  # per reason: enough to see what is meant


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that was not taken: where it stands, what it says, and why."""

    source: str  # name of the file, '' for rows from memory
    number: int  # line or record in the source, from 1
    name: str
    text: str  # what stood where the SMILES should be, shortened to 200 characters
    code: str
    detail: str


@dataclass(frozen=True)
class RejectionReport:
    """Counts by reason; `read` is always the sum of `kept`, `duplicates`, `excluded` and `rejected`."""

    read: int = 0
    kept: int = 0
    duplicates: int = 0  # the same canonical SMILES as an earlier row
    excluded: int = 0  # also in a file of molecules to leave out
    refused: Mapping[str, int] = field(default_factory=dict)  # by reason code
    notes: Mapping[str, int] = field(default_factory=dict)  # harmless changes of rows that passed the gate
    examples: tuple[Rejection, ...] = ()

    @property
    def rejected(self) -> int:
        """The number of rows refused, for whatever reason."""
        return sum(self.refused.values())

    def __add__(self, other: RejectionReport) -> RejectionReport:
        return RejectionReport(
            read=self.read + other.read,
            kept=self.kept + other.kept,
            duplicates=self.duplicates + other.duplicates,
            excluded=self.excluded + other.excluded,
            refused=_sum(self.refused, other.refused),
            notes=_sum(self.notes, other.notes),
            examples=_first_per_code((*self.examples, *other.examples)),
        )

    def summary(self) -> str:
        """Return the counts as one line.

        >>> RejectionReport(read=5, kept=2, duplicates=1, refused={"syntax": 2}).summary()
        '5 rows read, 2 kept, 1 duplicate, 2 rejected (syntax 2)'
        """
        parts = [f"{self.read:,} rows read", f"{self.kept:,} kept"]
        if self.duplicates:
            parts.append(f"{self.duplicates:,} duplicate{'s' if self.duplicates > 1 else ''}")
        if self.excluded:
            parts.append(f"{self.excluded:,} excluded")
        reasons = ", ".join(f"{code} {count:,}" for code, count in Counter(self.refused).most_common())
        parts.append(f"{self.rejected:,} rejected" + (f" ({reasons})" if reasons else ""))
        return ", ".join(parts)

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "read": self.read,
            "kept": self.kept,
            "duplicates": self.duplicates,
            "excluded": self.excluded,
            "rejected": self.rejected,
            "refused": dict(sorted(self.refused.items())),
            "notes": dict(sorted(self.notes.items())),
            "examples": [rejection_as_json(example) for example in self.examples],
        }

    @classmethod
    def from_json(cls, value: object) -> RejectionReport:
        """Return the report that `as_json` wrote.

        Raises:
            DataError: a count is missing or no count, or an example is not one.
        """
        if not isinstance(value, Mapping):
            raise DataError(f"report must be a JSON object, got {type(value).__name__}")
        examples = value.get("examples", [])
        if not isinstance(examples, list):
            raise DataError("report.examples must be a list")
        return cls(
            read=_count(value.get("read"), "read"),
            kept=_count(value.get("kept"), "kept"),
            duplicates=_count(value.get("duplicates"), "duplicates"),
            excluded=_count(value.get("excluded"), "excluded"),
            refused=_counts(value.get("refused"), "refused"),
            notes=_counts(value.get("notes"), "notes"),
            examples=tuple(rejection_from_json(example) for example in examples),
        )


def count_rejections(rejections: Iterable[Rejection]) -> tuple[dict[str, int], tuple[Rejection, ...]]:
    """Return the number of rejections by code, and the first few of each code."""
    rejections = list(rejections)
    return dict(Counter(rejection.code for rejection in rejections)), _first_per_code(rejections)


def rejection_as_json(rejection: Rejection) -> dict[str, object]:
    """Return one rejection as a JSON object."""
    return {name: getattr(rejection, name) for name in Rejection.__slots__}


def rejection_from_json(value: object) -> Rejection:
    """Return the rejection that `rejection_as_json` wrote.

    Raises:
        DataError: a field is missing, unknown or of the wrong type.
    """
    if not isinstance(value, Mapping) or set(value) != set(Rejection.__slots__):
        raise DataError(f"a rejected row must have the fields {', '.join(Rejection.__slots__)}")
    number = _count(value["number"], "number")
    texts = {name: value[name] for name in Rejection.__slots__ if name != "number"}
    if not all(isinstance(text, str) for text in texts.values()):
        raise DataError(f"a rejected row must hold texts, got {json.dumps(texts)[:100]}")
    return Rejection(number=number, **texts)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}


def _first_per_code(rejections: Iterable[Rejection]) -> tuple[Rejection, ...]:
    seen: Counter[str] = Counter()
    first = []
    for rejection in rejections:
        seen[rejection.code] += 1
        if seen[rejection.code] <= MAX_EXAMPLES:
            first.append(rejection)
    return tuple(first)


def _count(value: object, name: str) -> int:
    if type(value) is not int or value < 0:
        raise DataError(f"report.{name} must be a count, got {str(value)[:40]!r}")
    return value


def _counts(value: object, name: str) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise DataError(f"report.{name} must be a table of counts, got {type(value).__name__}")
    return {str(key): _count(count, f"{name}.{key}") for key, count in value.items()}
