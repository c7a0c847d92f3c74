"""One figure of a report, with the number of molecules that it was measured on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from molvae.chem.tables import html_table


@dataclass(frozen=True, slots=True)
class Measure:
    """A named figure; NaN where it cannot be measured, and then `note` says why."""

    name: str
    value: float
    of: int  # molecules it was measured on, the denominator of a rate
    note: str = ""

    @classmethod
    def rate(cls, name: str, count: int, of: int, note: str = "") -> Measure:
        """Return the share `count` / `of`, NaN for no molecules."""
        return cls(name, count / of if of else float("nan"), of, note)

    def as_json(self) -> dict[str, object]:
        """Return the figure as a JSON object."""
        return {"value": self.value, "of": self.of, **({"note": self.note} if self.note else {})}


def as_json(measures: Iterable[Measure]) -> dict[str, object]:
    """Return figures as a JSON object, by name."""
    return {measure.name: measure.as_json() for measure in measures}


def measure_lines(title: str, groups: Mapping[str, Sequence[Measure]]) -> str:
    """Return groups of figures as lines of text, each with its denominator."""
    lines = [title]
    for name, group in groups.items():
        lines += [f"  {name}", *(f"    {each.name}: {each.value:.4g} of {each.of:,}" for each in group)]
    return "\n".join(lines)


def measure_tables(groups: Mapping[str, Sequence[Measure]]) -> str:
    """Return groups of figures as HTML tables, each with its denominators."""
    columns = ("figure", "value", "of", "note")
    return "".join(
        html_table(columns, ((each.name, each.value, each.of, each.note) for each in group), caption=name, limit=None)
        for name, group in groups.items()
    )
