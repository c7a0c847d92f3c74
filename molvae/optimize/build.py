"""From the name of a strategy to its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, get_args

from molvae.chem.embedded import embedded_path
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.errors import MissingExtraError
from molvae.optimize.aimed_screening import AimedSearch
from molvae.optimize.aims import SCORE, Aim
from molvae.optimize.arms import Arm, GraphCrossover, GraphMutation, Library, SymbolMutation
from molvae.optimize.compromises import Compromises
from molvae.optimize.evolution import Evolution
from molvae.optimize.proposer import Proposer
from molvae.optimize.screening import SurrogateSearch
from molvae.optimize.strategy import Screen, Strategy, admit_all
from molvae.settings import require

if TYPE_CHECKING:
    from molvae.latent.space import LatentSpace

StrategyName = Literal[
    "hybrid", "random", "graph-ga", "latent-ga", "tanimoto-gp", "bayesian", "turbo", "cma-es", "gradient"
]
Mode = Literal["all", "latent"]
_PACKAGES = {"bayesian": "botorch", "turbo": "botorch", "cma-es": "cma"}  # of the extra `bo`
ON_POINTS = ("bayesian", "turbo", "cma-es", "gradient")  # their models of the score stand on latent points

_LEARNED_FROM = 60  # molecules with a score, at most, before parents are drawn; a fifth of the budget if that is less


def build_strategy(
    name: StrategyName = "hybrid",
    *,
    space: Callable[[], LatentSpace],
    screen: Screen = admit_all,
    start: Sequence[str] = (),
    library: Sequence[str] | None = None,
    standardization: Standardization = DEFAULT_STANDARDIZATION,
    mode: Mode = "all",
    budget: int | None = None,
    aim: Aim = SCORE,
    seed: int = 0,
) -> Strategy:
    """Return a strategy.

    Args:
        name: "hybrid", a Gaussian process that chooses among what all arms propose; "tanimoto-gp", the same with graph
            moves only; "graph-ga" and "latent-ga", genetic algorithms; "random", draws from the model or the library.
            On latent points: "bayesian", expected improvement of a Gaussian process; "turbo", its trust regions;
            "cma-es", an evolution strategy; "gradient", Adam through heads fitted to the scores.
        space: gives the model; called only by strategies with latent arms or draws from the prior.
        screen: see `Objective.screen`.
        start: molecules to begin with, canonical.
        library: molecules, as SMILES, to draw from beside the model; graph strategies draw from it instead of the
            model, and from the molecules of RDKit's wheel where there is none.
        standardization: of the gate, for the library.
        mode: "latent" leaves out all arms of "hybrid" but those of the model, latent steps, prior and fine-tuned
            decoder, and adds that this decoder regrows parts of good molecules.
        budget: calls, from which follows how many molecules are drawn before parents are.
        aim: what molecules are compared by, `Objective.aim`.
        seed: of all random draws.

    Raises:
        ConfigError: an unknown name or mode, or "latent" for another strategy than "hybrid".
        MissingExtraError: BoTorch or pycma, which three of the strategies need, is not installed.
    """
    check_strategy(name, mode)
    initial = _LEARNED_FROM if budget is None else max(10, min(_LEARNED_FROM, budget // 5))
    source = embedded_molecules() if library is None and name in ("graph-ga", "tanimoto-gp") else library
    given: list[Arm] = [] if source is None else [Library(source, standardization, seed=seed)]
    population = Compromises(aim) if aim.goals > 1 else None
    if name in ON_POINTS:
        from molvae.optimize.points import points_strategy

        return points_strategy(
            name, space(), given, aim=aim, screen=screen, start=start, initial=initial, population=population, seed=seed
        )  # fmt: skip
    arms = _arms(name, mode, space, given, seed=seed)
    proposer = Proposer(arms, screen=screen, start=start, initial=initial, population=population, seed=seed)
    if name not in ("hybrid", "tanimoto-gp"):
        return Evolution(proposer)
    return SurrogateSearch(proposer) if aim == SCORE else AimedSearch(proposer, aim)


def check_strategy(name: str, mode: str) -> None:
    """Refuse what is no strategy.

    Raises:
        ConfigError: an unknown name or mode, or "latent" for another strategy than "hybrid".
        MissingExtraError: a library that the strategy needs is not installed.
    """
    require(name in get_args(StrategyName), "strategy", f"one of {', '.join(get_args(StrategyName))}", name)
    require(mode in get_args(Mode), "mode", f"one of {', '.join(get_args(Mode))}", mode)
    require(mode == "all" or name == "hybrid", "mode", "'all' for every strategy but 'hybrid'", mode)
    if name in _PACKAGES and find_spec(_PACKAGES[name]) is None:
        raise MissingExtraError(_PACKAGES[name], "bo")


def uses_model(name: StrategyName, library: Sequence[str] | None = None) -> bool:
    """Tell whether a strategy needs a trained model."""
    return name in ("hybrid", "latent-ga", *ON_POINTS) or (name == "random" and library is None)


def _arms(
    name: StrategyName, mode: Mode, space: Callable[[], LatentSpace], given: list[Arm], *, seed: int
) -> list[Arm]:
    graph: list[Arm] = [GraphCrossover(), GraphMutation()]
    if name in ("graph-ga", "tanimoto-gp"):
        return [*given, *graph]
    if name == "random" and given:
        return given
    from molvae.optimize.latent_arms import PriorSamples, latent_arms
    from molvae.optimize.tuned_arm import tuned_arms

    model = space()
    drawn: list[Arm] = [PriorSamples(model), *given]
    if name == "random":
        return drawn
    latent = latent_arms(model, seed=seed)
    if name == "latent-ga":
        return [*drawn, *latent]
    if mode == "latent":
        return [*drawn, *latent, *tuned_arms(model, regrows=True)]
    return [*drawn, *graph, SymbolMutation(model.pipeline.codec), *latent, *tuned_arms(model)]


def embedded_molecules() -> list[str]:
    """Return the 10,000 drug-like molecules of RDKit's own wheel, as written there."""
    lines = embedded_path("wehi_mols.csv").read_text(encoding="utf-8").splitlines()
    return [line.split(",")[0].strip('"') for line in lines]
