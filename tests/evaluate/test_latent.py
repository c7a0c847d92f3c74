from __future__ import annotations

import math

import numpy as np
import pytest

from molvae.errors import DataError
from molvae.evaluate.latent import RADII, LatentReport, evaluate_latent
from molvae.evaluate.measure import Measure
from molvae.latent.space import LatentSpace


@pytest.fixture(scope="module")
def report(space: LatentSpace, small: list[str]) -> LatentReport:
    return evaluate_latent(space, ["C1CC", *small], n=60, seed=1)


def figures(report: LatentReport) -> dict[str, Measure]:
    return {measure.name: measure for measures in report.groups.values() for measure in measures}


def test_longer_steps_lead_to_less_similar_molecules(report: LatentReport) -> None:
    found = figures(report)
    similarity = [found[f"{radius:g} σ: Tanimoto"].value for radius in RADII]
    same = [found[f"{radius:g} σ: same molecule"].value for radius in RADII]
    assert similarity[0] > similarity[-1]
    assert same[0] > same[-1]
    assert found["0.25 σ: change of logp"].value < found["4 σ: change of logp"].value


def test_shares_are_shares_of_all_points(report: LatentReport) -> None:
    found = figures(report)
    n = len(report.molecules)
    assert n == 59  # one of the first 60 was refused
    assert found["new on the line"].of == found["nothing on the line"].of == 3 * n
    assert found["stable, prior points"].of == found["hole rate of the prior"].of == len(report.prior) == 60
    for name in ("new on the line", "nothing on the line", "stable, real molecules", "hole rate of the prior"):
        assert 0 <= found[name].value <= 1
    assert found["new on the line"].value + found["nothing on the line"].value <= 1


def test_stability_of_real_molecules_is_that_of_their_reconstructions(
    report: LatentReport, space: LatentSpace, small: list[str]
) -> None:
    decoded = space.decode(report.molecules.mean)
    back = space.reconstruct([text or "" for text in decoded])
    assert figures(report)["stable, real molecules"].value == sum(row.exact for row in back) / len(decoded)


def test_one_percent_of_posterior_points_would_be_holes(space: LatentSpace, small: list[str]) -> None:
    rows = space.encode(small).sample(seed=0)

    class Drawn:
        latent_dim = space.latent_dim
        decode, encode, reconstruct = space.decode, space.encode, space.reconstruct

        @staticmethod
        def sample_latent(n: int, *, seed: int, prior: str | None) -> np.ndarray:
            return rows[:n]

    found = figures(evaluate_latent(Drawn(), small, n=150, seed=0))  # type: ignore[arg-type]
    empty = 1 - found["offset, prior points"].of / 150
    assert found["hole rate of the prior"].value - empty < 0.08


def test_a_seed_gives_the_same_figures(space: LatentSpace, small: list[str]) -> None:
    first, again, other = (figures(evaluate_latent(space, small, n=20, seed=seed)) for seed in (0, 0, 1))
    assert str(first) == str(again) != str(other)  # NaN differs from itself


def test_distances_in_a_space_that_ignores_nothing_are_ranked(report: LatentReport) -> None:
    found = figures(report)
    for name in ("distance ~ dissimilarity", "distance ~ difference of logp"):
        assert -1 <= found[name].value <= 1
        assert not math.isnan(found[name].value)


def test_too_few_molecules_and_unknown_priors_are_refused(space: LatentSpace, small: list[str]) -> None:
    with pytest.raises(DataError, match="at least 4 molecules, got 1"):
        evaluate_latent(space, [small[0], "C1CC"])
    with pytest.raises(ValueError, match="prior must be one of"):
        evaluate_latent(space, small, prior="nothing")
