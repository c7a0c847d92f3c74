"""Pictures of property models: what was evaluated is drawn, and only that."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from molvae.properties.evaluation import LEVELS, Evaluation, Trial
from molvae.properties.picture import calibration, domain_histogram, errors_by_domain, parity

RNG = np.random.default_rng(0)
MEASURED = RNG.normal(size=40)
TRIALS = tuple(
    Trial(method, "ridge", "random", seed, 40, 0.5, 0.1, 0.1, (0.5, 0.6, 0.7, 0.8, 0.9), 1.0, MEASURED,
          MEASURED + 0.1 * RNG.normal(size=40), RNG.uniform(size=40))
    for method in ("molvae (ridge)", "forest") for seed in (0, 1)
)  # fmt: skip
EVALUATION = Evaluation(TRIALS, 40, 0, {"mixture": 2})


def test_a_calibrated_method_lies_on_the_diagonal() -> None:
    axes = calibration(EVALUATION, "random", axes=Figure().subplots())
    _, *methods = axes.lines
    assert len(methods) == 2
    for line in methods:
        assert np.allclose(np.asarray(line.get_xdata()), LEVELS)
        assert np.allclose(np.asarray(line.get_ydata()), LEVELS)


def test_parity_shows_every_test_molecule_of_every_seed() -> None:
    axes = parity(EVALUATION, "random", axes=Figure().subplots())
    assert len(np.asarray(axes.collections[0].get_offsets())) == 80


def test_errors_are_drawn_for_each_quarter() -> None:
    axes = errors_by_domain(EVALUATION, "random", axes=Figure().subplots())
    assert [len(np.asarray(line.get_xdata())) for line in axes.lines] == [4, 4]


def test_what_was_not_evaluated_is_refused() -> None:
    with pytest.raises(ValueError, match="split must be one of random, got 'scaffold'"):
        parity(EVALUATION)
    with pytest.raises(ValueError, match="method must be one of"):
        parity(EVALUATION, "random", method="magic")
    with pytest.raises(ValueError, match="at least one group"):
        domain_histogram({})


def test_the_domain_counts_what_lies_outside() -> None:
    axes = domain_histogram({"library": np.array([0.01, 0.5, 0.6, np.nan])}, axes=Figure().subplots())
    assert axes.get_legend_handles_labels()[1] == ["library (3; 33% outside)"]


def test_an_evaluation_shows_itself_as_a_table() -> None:
    markup = EVALUATION._repr_html_()
    assert "molvae (ridge)" in markup
    assert "2 refused" in markup
