"""`molvae.optimize(...)`: a whole search in one call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molvae.chem.settings import DEFAULT_STANDARDIZATION
from molvae.errors import ConfigError
from molvae.optimize.arms import canonical_molecules
from molvae.optimize.build import Mode, StrategyName, build_strategy, check_strategy, uses_model
from molvae.optimize.folder import begin_folder, write_result
from molvae.optimize.journal import read_journal
from molvae.optimize.objective import Objective
from molvae.optimize.result import Result
from molvae.optimize.rounds import Round, search
from molvae.optimize.scorers import described

if TYPE_CHECKING:
    from molvae.latent.space import LatentSpace

_BUDGET = 1_000


def optimize(
    objective: object,
    *,
    space: LatentSpace | Path | str | None = None,
    strategy: StrategyName = "hybrid",
    mode: Mode = "all",
    budget: int | None = None,
    start: Iterable[str] = (),
    library: Iterable[str] | None = None,
    seed: int = 0,
    batch: int | None = None,
    folder: Path | str | None = None,
    resume: bool = False,
    on_round: Callable[[Round], None] | None = None,
    **settings: Any,
) -> Result:
    """Return what a search for molecules with high scores found.

    Args:
        objective: an `Objective`, or what makes one: a name such as "qed", "module:function", a function that takes a
            list of SMILES and returns a score for each, a fitted model, a table of these.
        space: the model, or its folder; None for the one that comes with molvae. Strategies that need none load none.
        strategy: "hybrid", "tanimoto-gp", "graph-ga", "latent-ga", "bayesian", "turbo", "cma-es", "gradient" or
            "random"; see `build_strategy`.
        mode: "latent" keeps only what the model proposes.
        budget: calls, 1,000 by default; of an `Objective` that has one, its own holds.
        start: SMILES to begin with, in order; those that the gate refuses are left out.
        library: SMILES to draw from.
        seed: the same seed, the same search.
        batch: molecules scored at a time; None for 10, later 25 and 50.
        folder: where journal, settings, trace, best molecules and pictures go; None keeps all in memory.
        resume: go on with the search in `folder`, if there is one, without repeating a call; it ends with the same
            molecules as one that was not interrupted. The budget may be larger than before.
        on_round: called after each round.
        settings: further arguments of `Objective`: goals, constraints, combination, workers, timeout, retries.

    Raises:
        ConfigError: a setting out of range, or a folder that holds another search.

    >>> result = optimize("qed", strategy="graph-ga", budget=30, start=["CCO", "c1ccccc1O"], library=["CCN"])
    >>> len(result.rows), list(result.top(1).columns)
    (30, ['smiles', 'score', 'call', 'arm', 'sa_score', 'alerts'])
    """
    check_strategy(strategy, mode)
    ready = objective if isinstance(objective, Objective) else None
    if ready is not None and settings:
        raise ConfigError(f"{', '.join(settings)}: an Objective has its settings; give them to it")
    if ready is not None and ready.budget is None:
        raise ConfigError("the Objective has no budget, so the search would not end; give it one")
    if ready is not None:
        budget = ready.budget
    budget = _BUDGET if budget is None else budget
    budgets = [budget]
    model = _loaded(space) if uses_model(strategy, None if library is None else ()) else None
    standardization = model.checkpoint.standardization if model is not None else DEFAULT_STANDARDIZATION
    first = canonical_molecules(_listed(start), standardization)
    known = None if library is None else _listed(library)
    path = None if folder is None else Path(folder)
    if path is not None:
        about = {
            "objective": described(objective), "strategy": strategy, "mode": mode, "seed": seed, "batch": batch,
            "start": _digest(first), "library": _digest(known or []),
            "model": model.checkpoint.weights_sha256 if model is not None else "",
        }  # fmt: skip
        journal, budgets = begin_folder(path, about, budget=budget, resume=resume)
        # What was spent already is asked again, in the same order, and answered from the journal.
        done = journal.exists() and len(read_journal(journal)) >= budget
        settings |= {} if ready is not None else {"journal": journal, "replay": not done}
    scored = ready or Objective(objective, budget=budget, **{"standardization": standardization, **settings})
    try:
        built = build_strategy(
            strategy, space=lambda: _loaded(model), screen=scored.screen, start=first, library=known,
            standardization=standardization, mode=mode, budget=budgets[0], aim=scored.aim, seed=seed,
        )  # fmt: skip
        sha = model.checkpoint.weights_sha256 if model is not None else ""
        for round_ in search(scored, built, batch=batch, model_hash=sha, stops=budgets):
            if on_round is not None:
                on_round(round_)
    finally:
        result = Result(scored, path, model)
        if path is not None and scored.calls:
            write_result(result, path)
        if ready is None:
            scored.close()
    return result


def _loaded(space: LatentSpace | Path | str | None) -> LatentSpace:
    from molvae.latent.space import LatentSpace  # torch, which graph strategies do without

    return space if isinstance(space, LatentSpace) else LatentSpace.load(space)


def _listed(smiles: Iterable[str]) -> list[str]:
    if isinstance(smiles, str):
        raise ConfigError(f"start and library must be lists of SMILES, got the text {smiles[:60]!r}")
    return list(smiles)


def _digest(smiles: Sequence[str]) -> str:
    """Return what identifies a list of molecules; '' for none."""
    return hashlib.sha256("\n".join(smiles).encode()).hexdigest() if smiles else ""
