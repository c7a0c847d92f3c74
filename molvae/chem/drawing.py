"""Molecules as pictures: a grid of structures, each with its legend, as PNG or SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from molvae.chem.logs import quiet_rdkit

_CELL = (220, 200)  # pixels
_THUMBNAIL = (200, 150)  # pixels
_LEGEND_CHARACTERS = 60
_UNUSED_IN_PAGE = re.compile(r" (?:class|xmlns:\w+|xml:space|version|baseProfile)='[^']*'|<!--.*?-->")
_LONG_DECIMALS = re.compile(r"(\d+\.\d)\d+")


def draw_grid(smiles: Sequence[str | None], legends: Sequence[str] | None = None, *, per_row: int = 5) -> bytes:
    """Return a PNG picture with one molecule in each cell; `None`, '' or an unreadable SMILES leaves a cell empty.

    Raises:
        ValueError: legends that are not one for each molecule.

    >>> draw_grid(["CCO", None])[1:4]
    b'PNG'
    """
    width, height = _size(len(smiles), per_row)
    canvas = rdMolDraw2D.MolDraw2DCairo(width, height, *_CELL)
    _draw(canvas, smiles, legends)
    return bytes(canvas.GetDrawingText())


def draw_grid_svg(smiles: Sequence[str | None], legends: Sequence[str] | None = None, *, per_row: int = 5) -> str:
    """Return the same grid as SVG; the text of a legend never reaches the markup unescaped.

    Raises:
        ValueError: legends that are not one for each molecule.

    >>> "<svg" in draw_grid_svg(["CCO"], ["ethanol"])
    True
    """
    width, height = _size(len(smiles), per_row)
    canvas = rdMolDraw2D.MolDraw2DSVG(width, height, *_CELL)
    _draw(canvas, smiles, legends)
    return str(canvas.GetDrawingText())


def draw_molecule_svg(smiles: str, highlighted: Sequence[int] = ()) -> str:
    """Return one molecule as a small SVG element for a page, with some atoms highlighted; nothing in it is text.

    >>> draw_molecule_svg("CCO", [2])[:4]
    '<svg'
    """
    canvas = rdMolDraw2D.MolDraw2DSVG(*_THUMBNAIL)
    for name, value in {"clearBackground": False, "bondLineWidth": 1.2, "padding": 0.06}.items():
        setattr(canvas.drawOptions(), name, value)
    with quiet_rdkit():
        mol = Chem.MolFromSmiles(smiles) or Chem.Mol()
        rdMolDraw2D.PrepareAndDrawMolecule(canvas, mol, highlightAtoms=list(highlighted))
        canvas.FinishDrawing()
    drawing = str(canvas.GetDrawingText())
    drawing = _UNUSED_IN_PAGE.sub("", drawing[drawing.index("<svg") :])
    return _LONG_DECIMALS.sub(r"\1", drawing).replace("\n", "")


def _size(count: int, per_row: int) -> tuple[int, int]:
    if per_row < 1:
        raise ValueError(f"per_row must be at least 1, got {per_row}")
    rows = max(1, -(-count // per_row))
    return max(1, min(count, per_row)) * _CELL[0], rows * _CELL[1]


def _draw(canvas: rdMolDraw2D.MolDraw2D, smiles: Sequence[str | None], legends: Sequence[str] | None) -> None:
    if legends is not None and len(legends) != len(smiles):
        raise ValueError(f"legends must be one for each of {len(smiles)} molecules, got {len(legends)}")
    with quiet_rdkit():
        mols = [Chem.MolFromSmiles(text or "") or Chem.Mol() for text in smiles]
        canvas.DrawMolecules(mols or [Chem.Mol()], legends=[_printable(text) for text in legends or [""] * len(mols)])
        canvas.FinishDrawing()


def _printable(legend: str) -> str:
    """Return a legend that fits its cell, without line breaks and control characters."""
    text = "".join(character if character.isprintable() else " " for character in legend)
    return text if len(text) <= _LEGEND_CHARACTERS else text[: _LEGEND_CHARACTERS - 1] + "…"
