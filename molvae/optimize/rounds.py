"""The loop of a search: ask, score, tell, until the budget is spent."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from molvae.optimize.objective import Objective
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Strategy

_log = logging.getLogger("molvae")
_BATCHES = ((250, 10), (1_000, 25))  # calls until which a batch has this size: each answer counts most at first
_LARGEST_BATCH = 50
_PATIENCE = 20  # rounds without a new call until a search ends


@dataclass(frozen=True, slots=True)
class Round:
    """What one round brought."""

    number: int  # from 1
    rows: tuple[Scored, ...]
    calls: int  # so far
    best: Scored | None  # so far
    duplicates: int  # proposals so far that cost no call: known, refused or infeasible
    ask_seconds: float  # until the strategy had proposed and learned
    score_seconds: float  # until the objective had answered


def batch_size(calls: int) -> int:
    """Return how many molecules to ask for after so many calls: 10, 25, then 50."""
    return next((size for until, size in _BATCHES if calls < until), _LARGEST_BATCH)


def search(
    objective: Objective,
    strategy: Strategy,
    *,
    batch: int | None = None,
    model_hash: str = "",
    stops: Sequence[int] = (),
) -> Iterator[Round]:
    """Yield one round after another until the budget of the objective is spent, or nothing new is found.

    Args:
        objective: what scores; without a budget the search ends only when the caller stops.
        strategy: what proposes.
        batch: molecules of a round; None for `batch_size`.
        model_hash: of the model that the strategy draws from, for the record.
        stops: calls at which a batch is cut short, as it was where the budget was smaller once.
    """
    number = idle = duplicates = 0
    while objective.budget_left > 0:
        start = time.monotonic()
        left = [stop - objective.calls for stop in stops if stop > objective.calls]
        wanted = int(min(batch or batch_size(objective.calls), objective.budget_left, *left))
        proposals = strategy.ask(wanted)
        asked = time.monotonic()
        rows = objective.evaluate(
            [proposal.smiles for proposal in proposals],
            arm=[proposal.arm for proposal in proposals],
            parents=[proposal.parents for proposal in proposals],
            model_hash=model_hash,
        )
        scored = time.monotonic()
        strategy.tell(rows)
        number += 1
        new = sum(row.fresh for row in rows)
        duplicates += len(rows) - new
        told = time.monotonic()
        yield Round(number, tuple(rows), objective.calls, next(iter(objective.best()), None), duplicates,
                    ask_seconds=asked - start + told - scored, score_seconds=scored - asked)  # fmt: skip
        idle = 0 if new else idle + 1
        if idle == _PATIENCE:
            _log.warning("the search ends after %d calls: %d rounds found nothing new", objective.calls, idle)
            return
