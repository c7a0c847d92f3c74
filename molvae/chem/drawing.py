"""Molecules as pictures: a grid of structures, each with its legend, as PNG or SVG."""

from __future__ import annotations

from collections.abc import Sequence

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from molvae.chem.logs import quiet_rdkit

_CELL = (220, 200)  # pixels
_LEGEND_CHARACTERS = 60


def draw_grid(
    smiles: Sequence[str | Chem.Mol | None], legends: Sequence[str] | None = None, *, per_row: int = 5
) -> bytes:
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


def draw_grid_svg(
    smiles: Sequence[str | Chem.Mol | None], legends: Sequence[str] | None = None, *, per_row: int = 5
) -> str:
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


def _size(count: int, per_row: int) -> tuple[int, int]:
    if per_row < 1:
        raise ValueError(f"per_row must be at least 1, got {per_row}")
    rows = max(1, -(-count // per_row))
    return max(1, min(count, per_row)) * _CELL[0], rows * _CELL[1]


def _draw(
    canvas: rdMolDraw2D.MolDraw2D, smiles: Sequence[str | Chem.Mol | None], legends: Sequence[str] | None
) -> None:
    if legends is not None and len(legends) != len(smiles):
        raise ValueError(f"legends must be one for each of {len(smiles)} molecules, got {len(legends)}")
    with quiet_rdkit():
        mols = [each if isinstance(each, Chem.Mol) else Chem.MolFromSmiles(each or "") or Chem.Mol() for each in smiles]
        canvas.DrawMolecules(mols or [Chem.Mol()], legends=[_printable(text) for text in legends or [""] * len(mols)])
        canvas.FinishDrawing()


def _printable(legend: str) -> str:
    """Return a legend that fits its cell, without line breaks and control characters."""
    text = "".join(character if character.isprintable() else " " for character in legend)
    return text if len(text) <= _LEGEND_CHARACTERS else text[: _LEGEND_CHARACTERS - 1] + "…"
