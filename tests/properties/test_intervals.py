from __future__ import annotations

import math

import numpy as np
import pytest

from molvae.properties.intervals import half_width


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.31, 0.5])
@pytest.mark.parametrize("count", [20, 57, 100])
def test_the_width_is_the_order_statistic_of_the_theorem(alpha: float, count: int) -> None:
    residuals = np.random.default_rng(count).standard_t(3, size=count)
    rank = math.ceil((count + 1) * (1 - alpha) - 1e-9)  # Lei et al. 2018, algorithm 2
    assert half_width(residuals, alpha) == pytest.approx(np.sort(np.abs(residuals))[rank - 1], rel=1e-12)


def test_intervals_hold_what_they_promise() -> None:
    rng = np.random.default_rng(0)
    held = [abs(rng.standard_cauchy()) <= half_width(rng.standard_cauchy(size=39), 0.2) for _ in range(1_000)]
    assert abs(np.mean(held) - 0.8) < 0.05  # four standard deviations of 1,000 draws


def test_too_few_molecules_or_no_share_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 19 molecules to calibrate it, this model has 18"):
        half_width(np.ones(18), 0.05)
    for alpha in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="alpha must be between 0 and 1"):
            half_width(np.ones(50), alpha)
