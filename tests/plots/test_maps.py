"""Latent maps: every finite point is drawn, into the axes that were given."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from molvae.errors import MissingExtraError
from molvae.plots import latent_map

Z = np.random.default_rng(0).standard_normal((30, 6))


def test_axes_go_in_and_come_out_and_new_ones_are_made() -> None:
    axes = Figure().subplots()
    assert latent_map(Z, axes=axes) is axes
    assert latent_map(Z) is not latent_map(Z)


def test_every_point_is_drawn_with_its_value() -> None:
    values = np.arange(30.0)
    dots: Any = latent_map(Z, values, label="logP").collections[0]
    assert np.array_equal(np.ma.getdata(dots.get_array()), values)
    assert len(dots.get_offsets()) == 30


def test_points_of_two_dimensions_are_drawn_where_they_are() -> None:
    dots: Any = latent_map(Z[:, :2]).collections[0]
    assert np.allclose(dots.get_offsets(), Z[:, :2])


def test_each_group_has_a_colour_and_a_marker_of_its_own_and_is_counted() -> None:
    axes: Any = latent_map(Z, groups=["train"] * 10 + ["test"] * 20, named={0: "aspirin"})
    assert [str(label) for label in axes.get_legend_handles_labels()[1]] == ["train (10)", "test (20)"]
    assert len({tuple(dots.get_facecolor()[0]) for dots in axes.collections[:2]}) == 2
    assert [text.get_text() for text in axes.texts] == ["aspirin"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="values must be one for each of 30 points, got 3"):
        latent_map(Z, [1, 2, 3])
    with pytest.raises(ValueError, match="two ways to colour"):
        latent_map(Z, np.zeros(30), groups=["a"] * 30)


def test_without_matplotlib_the_error_holds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'molvae\[viz\]'"):
        latent_map(Z)
