"""Drawings: a cell for each row, whatever it holds, and no markup out of a legend."""

from __future__ import annotations

import struct

import pytest

from molvae.chem.drawing import draw_grid, draw_grid_svg, draw_molecule, draw_molecule_svg
from molvae.errors import ConfigError

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


def test_one_molecule_has_the_size_asked_for_on_a_ground_that_shows_through() -> None:
    for dark in (False, True):
        picture = draw_molecule("CCO", (120, 80), dark=dark)
        assert struct.unpack(">IIBB", picture[16:26]) == (120, 80, 8, 6)  # 8 bits, with alpha
    assert draw_molecule("CCO", dark=True) != draw_molecule("CCO")
    assert draw_molecule("not SMILES") == draw_molecule(None)


def test_what_is_highlighted_changes_the_drawing_and_must_be_smarts() -> None:
    plain, marked = draw_molecule_svg("Cc1ccccc1"), draw_molecule_svg("Cc1ccccc1", highlight="c1ccccc1")
    assert plain.startswith("<svg")
    assert len(marked) > len(plain)
    assert draw_molecule_svg("CCO", highlight="c1ccccc1") == draw_molecule_svg("CCO")
    with pytest.raises(ConfigError, match="not a SMARTS pattern"):
        draw_molecule_svg("CCO", highlight="[[[")
    with pytest.raises(ValueError, match="pixels from 1 to 4,000"):
        draw_molecule("CCO", (10, 100_000))
