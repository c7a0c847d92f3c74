"""The report of `molvae check` as one page that needs no network: figures, pictures, a table to sort and filter.

All text of the molecules is escaped, and the page forbids every script but its own by the hash of that one.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from molvae.chem.drawing import draw_molecule_svg
from molvae.datasets.files import atomic_path
from molvae.evaluate.checking import CheckedMolecule
from molvae.evaluate.decoding import DecodeSummary
from molvae.evaluate.measure import Measure

ODD_ROWS, OTHER_ROWS = 400, 200  # that a page lists: a picture of a drug-like molecule is 5 kB
_CAUSES = 14  # with examples
_THUMBNAIL = (200, 150)  # pixels
_LONGEST = 300  # characters of a text in a cell
_COLUMNS = ("picture", "row", "name", "SMILES", "findings", "in words", "SA score", "loop similarity", "domain")
_ALERT = "alert "  # how the causes that are structure alerts begin


class PageRows:
    """The rows that a page lists, from rows that stream by: the first ones with a finding, and the first others."""

    def __init__(self) -> None:
        self._odd: list[CheckedMolecule] = []
        self._others: list[CheckedMolecule] = []

    def add(self, row: CheckedMolecule) -> None:
        """Keep a row if there is room for its kind."""
        kept, limit = (self._odd, ODD_ROWS) if _is_odd(row) else (self._others, OTHER_ROWS)
        if len(kept) < limit:
            kept.append(row)

    def __iter__(self) -> Iterator[CheckedMolecule]:
        return iter(sorted((*self._odd, *self._others), key=lambda row: row.number))

    def __len__(self) -> int:
        return len(self._odd) + len(self._others)


def write_check_page(
    path: Path | str, summary: DecodeSummary, rows: Iterable[CheckedMolecule], *, title: str, subtitle: str = ""
) -> None:
    """Write a report as one HTML file, whole or not at all; `rows` are listed, `summary` counts all there were."""
    with atomic_path(path) as temporary:
        temporary.write_text(check_page(summary, list(rows), title=title, subtitle=subtitle), encoding="utf-8")


def check_page(summary: DecodeSummary, rows: Sequence[CheckedMolecule], *, title: str, subtitle: str = "") -> str:
    """Return a report as one HTML page."""
    script = _part("check_page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    listed = f"{len(rows):,} of {summary.n:,} rows are listed"
    if len(rows) < summary.n:
        listed += f": the first {ODD_ROWS} with a finding beyond structure alerts, and the first {OTHER_ROWS} others"
    slots = {
        "title": _text(title),
        "subtitle": _text(subtitle),
        "script_sha256": digest,
        "figures": "".join(_figures(name, measures) for name, measures in summary.groups().items()),
        "examples": "".join(_examples(summary)) or "<p>There are none.</p>",
        "listed": listed + ". Click a heading to sort; the address keeps the view.",
        "filters": "".join(_filter(cause, rows) for cause, _ in summary.causes),
        "columns": "".join(map(_heading, _COLUMNS)),
        "rows": "\n".join(map(_row, rows)),
        "script": script,
    }
    page = _part("check_page.html")
    parts = []
    for piece in page.split("{{"):  # a slot is filled once: what it holds is never searched for slots
        name, found, rest = piece.partition("}}")
        parts.append(slots[name] + rest if found else piece)
    return "".join(parts)


def _part(name: str) -> str:
    return files("molvae.plots").joinpath(name).read_text(encoding="utf-8")


def _is_odd(row: CheckedMolecule) -> bool:
    return any(not cause.startswith(_ALERT) for cause in row.causes)


def _text(text: str | None) -> str:
    """Return a text for HTML: escaped, without control characters, not endless."""
    shown = "".join(character if character.isprintable() else " " for character in text or "")
    return escape(shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…")


def _figures(name: str, measures: Sequence[Measure]) -> str:
    lines = "".join(
        f"<tr><td>{_text(each.name)}{f'<small>{_text(each.note)}</small>' if each.note else ''}</td>"
        f"<td>{_number(each.value, 4)}<small>of {each.of:,}</small></td></tr>"
        for each in measures
    )
    return f'<section class="card"><h3>{_text(name)}</h3><table>{lines}</table></section>'


def _examples(summary: DecodeSummary) -> Iterable[str]:
    """Yield the causes with pictures, the most common first; structure alerts, which half of all drugs raise, last."""
    ordered = sorted(summary.causes, key=lambda item: item[0].startswith(_ALERT))
    for cause, count in ordered[:_CAUSES]:
        figures = "".join(_figure(row, cause) for row in summary.examples[cause])
        heading = f"<h3>{_text(cause)} <small>{count:,} of {summary.n:,} rows</small></h3>"
        yield f'{heading}<div class="pictures">{figures}</div>'


def _figure(row: CheckedMolecule, cause: str) -> str:
    if row.smiles is None:
        return f"<figure><code>{_text(row.given)}</code><figcaption>{_text(row.details)}</figcaption></figure>"
    return f"<figure>{_picture(row, cause)}<figcaption>{_text(row.smiles)}</figcaption></figure>"


def _picture(row: CheckedMolecule, cause: str | None = None) -> str:
    """Return the molecule with the atoms of a finding highlighted, or of all findings."""
    if row.smiles is None:
        return ""
    findings = [finding for finding in row.structure.findings if cause in (None, finding.code.value)]
    highlighted = sorted({atom for finding in findings for atom in finding.atoms})
    return draw_molecule_svg(row.smiles, _THUMBNAIL, highlight=highlighted)


def _filter(cause: str, rows: Sequence[CheckedMolecule]) -> str:
    count = sum(cause in row.causes for row in rows)
    if not count:
        return ""
    return f'<button type="button" data-cause="{_text(cause)}" aria-pressed="false">{_text(cause)} {count:,}</button>'


def _heading(column: str) -> str:
    if column == _COLUMNS[0]:
        return f"<th>{column}</th>"
    return f'<th data-column="{column}" aria-sort="none"><button type="button">{column}</button></th>'


def _row(row: CheckedMolecule) -> str:
    causes = "".join(f'<span class="cause">{_text(cause)}</span>' for cause in row.causes)
    shown = row.smiles if row.smiles is not None else row.given
    cells = [
        f"<td>{_picture(row)}</td>",
        f'<td class="number" data-value="{row.number}">{row.number:,}</td>',
        f"<td>{_text(row.name)}</td>",
        f"<td><code>{_text(shown)}</code></td>",
        f'<td data-value="{len(row.causes)}">{causes}</td>',
        f"<td>{_text(row.details)}</td>",
        *(_measure(value, digits) for value, digits in ((row.structure.sa_score, 2), (row.similarity, 3))),
        _measure(row.domain, 4),
    ]
    return f'<tr data-causes="{_text("|".join(row.causes))}">{"".join(cells)}</tr>'


def _measure(value: float, digits: int) -> str:
    number = "" if math.isnan(value) else f"{value:.6g}"
    return f'<td class="number" data-value="{number}">{_number(value, digits)}</td>'


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
