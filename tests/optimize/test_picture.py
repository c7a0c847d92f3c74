"""Pictures of a search: band and front are those of the scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from molvae.optimize import Objective
from molvae.optimize.picture import optimization_trace, pareto_plot
from molvae.optimize.result import Result

SMILES = ["C" * length for length in (3, 1, 5, 2, 9, 4, 8, 7, 6, 10, 12, 11)]


@pytest.fixture(scope="module")
def result() -> Result:
    objective = Objective(
        {"size": lambda smiles: [float(len(text)) for text in smiles], "sa": "sa_score"},
        goals={"size": "maximize", "sa": "minimize"}, budget=20,
    )  # fmt: skip
    objective.evaluate([*SMILES, "CCCCCCO"], arm="mine")
    return Result(objective)


def test_the_band_lies_around_the_mean_of_the_ten_best(result: Result) -> None:
    axes: Any = optimization_trace(result, axes=Figure().subplots())
    band = axes.collections[-1].get_paths()[0].vertices
    (line,) = axes.lines
    mean = line.get_ydata()
    assert np.allclose(mean, result.objective.trace(10))
    for call, value in zip(line.get_xdata(), mean, strict=True):
        own = band[np.isclose(band[:, 0], call), 1]
        assert own.min() - 1e-9 <= value <= own.max() + 1e-9


def test_the_front_is_drawn_with_goals_by_name(result: Result) -> None:
    axes: Any = pareto_plot(result, "size", "sa", axes=Figure().subplots())
    assert axes.get_xlabel().startswith("size")
    assert len(np.asarray(axes.collections[0].get_offsets())) == 13
    assert len(np.asarray(axes.collections[1].get_offsets())) == len(result.pareto())
    with pytest.raises(ValueError, match="x and y must be two of the goals 'size', 'sa', got 'size' and 'qed'"):
        pareto_plot(result, "size", "qed")


def test_a_search_shows_its_best_molecules(result: Result) -> None:
    markup = result._repr_html_()
    assert "The best of 13 calls" in markup
    assert markup.count("<img") == 10
