"""The strategies whose models of the score stand on latent points, from their parts."""

from __future__ import annotations

from collections.abc import Sequence

from molvae.latent.space import LatentSpace
from molvae.optimize.aims import Aim
from molvae.optimize.arms import Arm
from molvae.optimize.latent_arms import LatentMap, PcnSteps, PosteriorNoise, PriorSamples, Slerp
from molvae.optimize.latent_record import LatentRecord
from molvae.optimize.population import Population
from molvae.optimize.proposer import Proposer
from molvae.optimize.strategy import Screen, Strategy


def points_strategy(
    name: str,
    space: LatentSpace,
    given: Sequence[Arm],
    *,
    aim: Aim,
    screen: Screen,
    start: Sequence[str],
    initial: int,
    population: Population | None = None,
    seed: int,
) -> Strategy:
    """Return "bayesian", "turbo", "cma-es" or "gradient"; the arguments are those of `build_strategy`.

    `given` are further arms beside the prior. All have posterior noise, which finds molecules to begin with where
    constraints refuse what the prior draws.

    Raises:
        MissingExtraError: BoTorch or pycma is not installed, for all but "gradient".
    """
    latent = LatentMap(space, seed=seed)
    record = LatentRecord(latent, aim)
    arms: list[Arm] = [PriorSamples(space), *given, PosteriorNoise(latent)]
    if name == "bayesian":
        arms += [PcnSteps(latent), Slerp(latent)]
    proposer = Proposer(arms, screen=screen, start=start, initial=initial, population=population, seed=seed)
    if name == "bayesian":
        from molvae.optimize.bayesian import BayesianSearch

        return BayesianSearch(proposer, record)
    if name == "turbo":
        from molvae.optimize.trust_region import TrustRegionSearch

        return TrustRegionSearch(proposer, record, initial=initial)
    if name == "cma-es":
        from molvae.optimize.evolution_strategy import CovarianceSearch

        return CovarianceSearch(proposer, record)
    from molvae.optimize.gradient import GradientSearch

    return GradientSearch(proposer, record)
