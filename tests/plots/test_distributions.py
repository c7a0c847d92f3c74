"""Histograms: densities that compare whatever the sizes of the groups, odd values aside."""

from __future__ import annotations

import numpy as np
import pytest

from molvae.plots import property_histogram, rate_distortion
from molvae.plots.distributions import without_tails


def test_groups_are_counted_and_what_is_not_finite_is_left_out() -> None:
    axes = property_histogram({"MOSES": np.arange(100.0), "samples": [1.0, np.nan, 3.0], "none": []}, "logp")
    assert axes.get_legend_handles_labels()[1] == ["MOSES (100)", "samples (2)"]
    assert axes.get_xlabel() == "logP"


def test_tails_are_left_out() -> None:
    values = np.append(np.linspace(0, 1, 2_000), 1e6)
    assert without_tails(values).max() <= 1


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one number"):
        property_histogram({"samples": []})
    with pytest.raises(ValueError, match="at least one model"):
        rate_distortion([])
    with pytest.raises(ValueError, match="trial 0 lacks 'reconstruction_nats'"):
        rate_distortion([{"kl_nats": 1.0}])


def test_a_rate_distortion_curve_is_drawn_from_the_smallest_rate_and_a_second_one_over_it() -> None:
    trials = [{"kl_nats": 40.0, "reconstruction_nats": 2.0, "beta": 0.1}, {"kl_nats": 20.0, "reconstruction_nats": 5.0}]
    axes = rate_distortion(trials, label="mine")
    assert rate_distortion(trials, label="yours", axes=axes) is axes
    first, second = axes.lines
    assert np.asarray(first.get_xdata()).tolist() == [20.0, 40.0]
    assert first.get_color() != second.get_color()
