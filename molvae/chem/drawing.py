"""Molecules as pictures: one, or a grid of structures, each with its legend, as PNG or SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from molvae.chem.limits import foreign_mol
from molvae.chem.logs import quiet_rdkit
from molvae.chem.substructures import read_smarts

_CELL = (220, 200)  # pixels
_LEGEND_CHARACTERS = 60
_MAX_PIXELS = 4_000  # of one side of a picture of one molecule
_UNUSED_IN_PAGE = re.compile(r" (?:class|xmlns:\w+|xml:space|version|baseProfile)='[^']*'|<!--.*?-->")
_DEFAULT_STYLES = re.compile(
    r"fill-rule:evenodd;|stroke-linecap:butt;|stroke-linejoin:miter;|stroke-opacity:1(?=')| (?= )"
)
_LONG_DECIMALS = re.compile(r"(\d+\.\d)\d+")


def draw_molecule(
    smiles: str | None,
    size: tuple[int, int] = _CELL,
    *,
    dark: bool = False,
    highlight: str | Sequence[int] | None = None,
) -> bytes:
    """Return a PNG picture of one molecule on a transparent ground; None, '' or an unreadable SMILES leaves it empty.

    Args:
        smiles: the molecule.
        size: width and height in pixels.
        dark: for a dark ground, in light colours.
        highlight: what is marked: SMARTS, such as a scaffold, or numbers of atoms.

    Raises:
        ValueError: a size that is not from 1 to 4,000.
        ConfigError: not a SMARTS pattern.

    >>> draw_molecule("CCO")[1:4]
    b'PNG'
    """
    canvas = rdMolDraw2D.MolDraw2DCairo(*_checked_size(size))
    _draw_one(canvas, smiles, dark=dark, highlight=highlight)
    return bytes(canvas.GetDrawingText())


def draw_molecule_svg(
    smiles: str | None,
    size: tuple[int, int] = _CELL,
    *,
    dark: bool = False,
    highlight: str | Sequence[int] | None = None,
) -> str:
    """Return the same picture as an `<svg>` element.

    Raises:
        ValueError: a size that is not from 1 to 4,000.
        ConfigError: not a SMARTS pattern.

    >>> draw_molecule_svg("CCO").startswith("<svg")
    True
    """
    canvas = rdMolDraw2D.MolDraw2DSVG(*_checked_size(size))
    _draw_one(canvas, smiles, dark=dark, highlight=highlight)
    text = str(canvas.GetDrawingText())
    text = _DEFAULT_STYLES.sub("", _UNUSED_IN_PAGE.sub("", text[text.index("<svg") :]))
    return _LONG_DECIMALS.sub(r"\1", text).replace("\n", "")


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


def _checked_size(size: tuple[int, int]) -> tuple[int, int]:
    if not all(1 <= side <= _MAX_PIXELS for side in size):
        raise ValueError(f"size must be two numbers of pixels from 1 to {_MAX_PIXELS:,}, got {size}")
    return size


def _draw_one(
    canvas: rdMolDraw2D.MolDraw2D, smiles: str | None, *, dark: bool, highlight: str | Sequence[int] | None
) -> None:
    options: Any = canvas.drawOptions()  # RDKit's stubs take its numbers for options
    if dark:
        rdMolDraw2D.SetDarkMode(options)
    options.clearBackground = False  # what lies behind shows through
    options.setHighlightColour((0.34, 0.71, 0.91, 0.5))  # sky blue of `molvae.style`, half transparent
    with quiet_rdkit():
        mol = Chem.MolFromSmiles(smiles or "") or Chem.Mol()
        if isinstance(highlight, str):
            atoms = {atom for match in mol.GetSubstructMatches(read_smarts(highlight)) for atom in match}
        else:
            atoms = set(highlight or ())
        bonds = [
            bond.GetIdx()
            for bond in mol.GetBonds()
            if bond.GetBeginAtomIdx() in atoms and bond.GetEndAtomIdx() in atoms
        ]
        rdMolDraw2D.PrepareAndDrawMolecule(canvas, mol, highlightAtoms=sorted(atoms), highlightBonds=bonds)
        canvas.FinishDrawing()


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
        mols = [each if isinstance(each, Chem.Mol) else foreign_mol(each or "") or Chem.Mol() for each in smiles]
        canvas.DrawMolecules(mols or [Chem.Mol()], legends=[_printable(text) for text in legends or [""] * len(mols)])
        canvas.FinishDrawing()


def _printable(legend: str) -> str:
    """Return a legend that fits its cell, without line breaks and control characters."""
    text = "".join(character if character.isprintable() else " " for character in legend)
    return text if len(text) <= _LEGEND_CHARACTERS else text[: _LEGEND_CHARACTERS - 1] + "…"
