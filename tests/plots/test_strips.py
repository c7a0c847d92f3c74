"""Films and grids: one drawing for each molecule, none where there is none, and the profile below."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot

from molvae.latent.results import Neighbor, Neighbors, profile
from molvae.plots import interpolation_strip, molecule_grid, neighbor_grid, traversal_strip

PATH = profile(np.linspace(0, 1, 4), ["CCO", "CCN", None, "CCC"], "CCO", "CCC")
NEIGHBORS = Neighbors("CCO", (Neighbor("CCCO", 0.6), Neighbor("CCN", 0.4)), asked=3, radius=1.0)


def drawings(axes: Any) -> int:
    """Count the pictures in axes and in the axes inside them."""
    return len(axes.images) + sum(map(drawings, axes.child_axes))


def test_a_film_has_a_drawing_for_each_molecule_and_the_profile_of_the_path() -> None:
    axes = interpolation_strip(PATH)
    assert drawings(axes) == 3
    upper, lower = axes.child_axes
    assert [text.get_text() for text in upper.texts] == ["nothing\ndecoded"]
    for line, name in zip(lower.lines, ("to_start", "to_end"), strict=True):
        assert np.array_equal(np.asarray(line.get_ydata()), [getattr(s, name) for s in PATH], equal_nan=True)


def test_a_traversal_shows_the_property_that_it_is_about() -> None:
    values = [1.0, 2.0, math.nan, 3.0]
    lower = traversal_strip(PATH, values, label="logP").child_axes[1]
    assert np.array_equal(np.asarray(lower.lines[0].get_ydata()), values, equal_nan=True)
    assert lower.get_ylabel() == "logP"
    with pytest.raises(ValueError, match="values must be one number for each step"):
        traversal_strip(PATH, [1.0])


def test_neighbours_stand_beside_their_query_with_similarity_and_score() -> None:
    axes = neighbor_grid(NEIGHBORS, [0.5, 0.25], label="QED")
    assert drawings(axes) == 3
    assert [text.get_text() for text in axes.texts] == ["query", "0.60   QED 0.5", "0.40   QED 0.25"]
    with pytest.raises(ValueError, match=r"scores must be one number for each neighbour, shape \(2,\)"):
        neighbor_grid(NEIGHBORS, [0.5])


@pytest.mark.parametrize("smiles", [[], [None], ["CCO"] * 11])
def test_a_grid_of_any_size_is_drawn(smiles: list[str | None]) -> None:
    assert drawings(molecule_grid(smiles, per_row=3)) == sum(text is not None for text in smiles)


def test_on_a_dark_ground_molecules_are_drawn_in_light_colours() -> None:
    def lightness() -> float:
        (picture,) = molecule_grid(["CCCC"]).child_axes[0].images
        pixels = np.asarray(picture.get_array())
        return float(pixels[pixels[..., 3] > 0.9, :3].mean())

    with pyplot.style.context("default"):
        light = lightness()
    with pyplot.style.context("dark_background"):
        dark = lightness()
    assert light < 0.3
    assert dark > 0.7
