"""Tables with drawn molecules as HTML: how results show themselves in a notebook."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Collection, Iterable, Sequence

SHOWN = 20  # rows of a table; each drawing is some kilobytes of a stored notebook
_SIZE = (180, 120)  # pixels of a drawing
# A drawing stands on white, whatever the colours of the notebook: its bonds are black.
_DRAWING = '<img alt="{smiles}" title="{smiles}" width="{width}" src="data:image/png;base64,{data}" {style}>'
_CARD = 'style="background:white;border-radius:4px"'
_CELL = 'style="text-align:left;padding:2px 8px;max-width:280px;overflow-wrap:anywhere"'  # long SMILES are folded


def html_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    drawn: Collection[str] = (),
    total: int | None = None,
    limit: int | None = SHOWN,
) -> str:
    """Return rows as an HTML table, all text escaped.

    Args:
        columns: their names.
        rows: one value for each column: text, numbers, None for nothing.
        caption: one line above the table.
        drawn: columns of SMILES, whose molecules are drawn; the SMILES is the drawing's title, and is copied with it.
        total: how many rows there are, where `rows` are only the first of them.
        limit: rows that are shown, the others are counted; None shows all.

    >>> html_table(["name", "score"], [["<b>", 0.5]]).count("&lt;b&gt;")
    1
    """
    shown: list[Sequence[object]] = []
    more = 0
    for row in rows:
        if limit is None or len(shown) < limit:
            shown.append(row)
        else:
            more += 1
    if total is not None:
        more = total - len(shown)
    head = "".join(f"<th {_CELL}>{html.escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(_cell(value, drawn=name in drawn) for name, value in zip(columns, row, strict=True)) + "</tr>"
        for row in shown
    )
    above = f'<div style="margin:4px 0"><b>{html.escape(caption)}</b></div>' if caption else ""
    below = f"<div>… and {more:,} more</div>" if more > 0 else ""
    return f"<div>{above}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"


def _cell(value: object, *, drawn: bool) -> str:
    if drawn and value:
        from molvae.chem.drawing import draw_molecule  # rdkit; a table of numbers needs none

        width, height = _SIZE
        data = base64.b64encode(draw_molecule(str(value), (width, height))).decode()
        picture = _DRAWING.format(smiles=html.escape(str(value)), width=width, data=data, style=_CARD)
        return f"<td {_CELL}>{picture}</td>"
    return f"<td {_CELL}>{html.escape(_text(value))}</td>"


def _text(value: object) -> str:
    """Return a value as a person reads it: nothing for None, – for NaN, 1,000 and 0.6123 for numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "–"
    return str(value)
