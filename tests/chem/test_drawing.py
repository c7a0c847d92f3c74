"""Drawings: a cell for each row, whatever it holds, and no markup out of a legend."""

from __future__ import annotations

import struct

import pytest

from molvae.chem.drawing import draw_grid, draw_grid_svg

HOSTILE_LEGEND = "<img src=x onerror=alert(1)> & \"'"


def test_every_row_has_its_cell() -> None:
    picture = draw_grid(["CCO", None, "", "not SMILES", "c1ccccc1", "C"], per_row=5)
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == (5 * 220, 2 * 200)
    assert draw_grid([]).startswith(b"\x89PNG")


def test_a_legend_is_text_and_never_markup() -> None:
    svg = draw_grid_svg(["CCO"], [HOSTILE_LEGEND])
    assert "<img" not in svg
    assert draw_grid(["CCO"], ["two\nlines\x1b[31m" + "x" * 500])


def test_legends_are_one_for_each_molecule() -> None:
    with pytest.raises(ValueError, match="one for each of 2"):
        draw_grid(["C", "CC"], ["methane"])
    with pytest.raises(ValueError, match="per_row"):
        draw_grid(["C"], per_row=0)
