"""The objective: the one place where molecules are scored, counted and recorded."""

from __future__ import annotations

import dataclasses
import heapq
import logging
import math
import re
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from itertools import count, repeat
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import read_quietly
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.errors import MoleculeError
from molvae.optimize.aims import Aim
from molvae.optimize.calls import Caller, CallSettings, Outcome
from molvae.optimize.constraints import Constraint, ValueRange
from molvae.optimize.goals import Combination, Goal, GoalLike, goals_of
from molvae.optimize.journal import Call, Journal
from molvae.optimize.scored import Scored, Wishes
from molvae.optimize.scorers import described, resolve
from molvae.settings import require

_log = logging.getLogger("molvae")


class Origin(NamedTuple):
    """Where a molecule comes from."""

    arm: str
    parents: tuple[str, ...]
    model_hash: str


class Objective:
    """A function of molecules to be maximized, of which each distinct molecule costs one call.

    The canonical SMILES is the key: a molecule that was asked before is free, and one that the gate or a constraint
    refuses never reaches the function. A failure costs its call and has no score.

    >>> objective = Objective("qed", budget=2)
    >>> [(row.status, round(row.score, 2), row.call) for row in objective.evaluate(["OCC", "CCO", "C1C", "CCN"])]
    [('scored', 0.41, 1), ('scored', 0.41, 1), ('refused', nan, 0), ('scored', 0.41, 2)]
    >>> objective.budget_left
    0
    """

    def __init__(
        self,
        target: object,
        *,
        goals: GoalLike | Mapping[str, GoalLike] | None = None,
        combination: Combination = "mean",
        constraints: Sequence[Constraint | ValueRange] = (),
        budget: int | None = None,
        journal: Path | str | None = None,
        replay: bool = False,
        standardization: Standardization = DEFAULT_STANDARDIZATION,
        workers: int | None = 1,
        timeout: float | None = None,
        retries: int = 0,
        chunk_size: int | None = None,
    ) -> None:
        """Take what is to be maximized, and go on with the journal if there is one.

        Args:
            target: a name (`named_objectives`), "module:function", a function that takes a list of canonical SMILES
                and returns for each a number, a table of named numbers, or None; a fitted model with such a `predict`;
                or a table of these, all of which are called. What it names runs with the rights of this program.
            goals: what is wanted of the values, by name, or one goal for a single value; the default is as much as
                possible. An empty table records values and scores nothing.
            combination: how several goals become one score: weighted mean, weighted geometric mean, or product.
                "pareto" prefers none: a search looks for all trade-offs between them, which `Result.pareto` shows,
                and the score is the mean, by which tables are sorted.
            constraints: rules; those that need only the structure are checked before a call is spent.
            budget: calls in all, also those of earlier runs with this journal; None for no end.
            journal: file that records every call; without one they are only remembered.
            replay: for a search that is repeated from its beginning: the calls in the journal are not counted until
                they are asked for again, and then cost no time.
            standardization: of the gate; take the model's.
            workers: processes that call the function; None for one on each core.
            timeout: seconds until a call has failed; needs a process, which it kills.
            retries: further attempts at a molecule on which the function raises, hangs or kills its process.
            chunk_size: molecules in one call. None starts with one and takes more while that is quick or pays, as for
                a function that computes many side by side; what a kill can cost is one chunk.

        Raises:
            ConfigError: an unknown name or a setting out of range.
            ObjectiveError: the journal is that of another objective, open elsewhere or damaged.
        """
        require(budget is None or budget >= 0, "budget", "at least 0", budget)
        resolved = resolve(target)
        rules = (*resolved.constraints, *constraints)
        self._rules: list[Constraint] = [rule for rule in rules if not isinstance(rule, ValueRange)]
        ranges = tuple(rule for rule in rules if isinstance(rule, ValueRange))
        self._wishes = Wishes(goals_of(resolved.goals, goals), combination, ranges)
        self._standardization = standardization
        self._budget = budget
        self._warned = False
        self._one_at_a_time = threading.RLock()
        name = next(iter(self.goals)) if len(self.goals) == 1 else resolved.name  # of a single number
        self._caller = Caller(target, resolved.scorer, name, CallSettings(workers, timeout, retries, chunk_size))
        self._journal = Journal(journal, {
            "objective": described(target), "goals": _stated(self.goals), "combination": combination,
            "constraints": sorted(map(_stated, rules)), "standardization": dataclasses.asdict(standardization),
        })  # fmt: skip
        self._finish = weakref.finalize(self, _finish, self._caller, self._journal)
        self._recorded = {call.smiles: self._wishes.row(call) for call in self._journal.calls()}
        self._asked: dict[str, Scored] = {} if replay else dict(self._recorded)

    @property
    def goals(self) -> Mapping[str, Goal]:
        """What is wanted of each value, by its name; the order is that of `Scored.wanted`."""
        return self._wishes.goals

    @property
    def aim(self) -> Aim:
        """What a strategy is to strive for."""
        return Aim(len(self.goals) if self._wishes.combination == "pareto" else 1, self._wishes.ranges)

    @property
    def value_ranges(self) -> Sequence[ValueRange]:
        """The constraints on values that only a call tells."""
        return self._wishes.ranges

    @property
    def budget(self) -> int | None:
        """Calls in all; None for no end."""
        return self._budget

    @property
    def calls(self) -> int:
        """Calls so far: distinct molecules that reached the function, failures too."""
        return len(self._asked)

    @property
    def budget_left(self) -> float:
        """Calls that can still be made: a whole number, or infinity."""
        return math.inf if self._budget is None else max(self._budget - len(self._asked), 0)

    @property
    def rows(self) -> list[Scored]:
        """The calls so far, in the order of their numbers."""
        return sorted(self._asked.values(), key=lambda row: row.call)

    def best(self, n: int = 1) -> list[Scored]:
        """Return the `n` feasible molecules with the highest scores, the best first, the earlier call on a tie."""
        contenders = [row for row in list(self._asked.values()) if row.contends]  # a thread may be adding to them
        return heapq.nsmallest(n, contenders, key=lambda row: (-row.score, row.call))

    def trace(self, n: int = 1) -> NDArray[np.float64]:
        """Return, after each call, the mean score of the best `n` feasible molecules so far, shape (calls,).

        Where there are fewer than `n` it is the mean of those; NaN where there are none.
        """
        best: list[float] = []  # a heap, the worst first
        rows = self.rows
        means = np.full(len(rows), np.nan)
        for index, row in enumerate(rows):
            if row.contends:
                (heapq.heappush if len(best) < n else heapq.heappushpop)(best, row.score)
            means[index] = sum(best) / len(best) if best else math.nan
        return means

    def screen(self, smiles: Sequence[object]) -> list[str]:
        """Return for each input why it would not be called, '' where it would or already was; costs no call."""
        return [judged.reason if isinstance(judged, Scored) else "" for judged in self._judged(smiles)]

    def evaluate(
        self,
        smiles: Sequence[object],
        *,
        arm: str | Sequence[str] = "",
        parents: Sequence[Sequence[str]] | None = None,
        model_hash: str = "",
    ) -> list[Scored]:
        """Score molecules, as many as the budget allows from the first on; one row for each input, in order.

        Args:
            smiles: SMILES strings or RDKit molecules; anything else is refused, as None is.
            arm: what proposed them, one for all or one for each.
            parents: what each was made from, as SMILES.
            model_hash: of the model that made them.

        Raises:
            ObjectiveError: the function does not return what it must, or the journal cannot be written.
            ValueError: `arm` or `parents` do not have one entry for each molecule.
        """
        arms = [arm] * len(smiles) if isinstance(arm, str) else list(arm)
        made_from = [()] * len(smiles) if parents is None else list(map(tuple, parents))
        for name, entries in (("arm", arms), ("parents", made_from)):
            if len(entries) != len(smiles):
                raise ValueError(f"{name} must have one entry for each of {len(smiles)} molecules, got {len(entries)}")
        with self._one_at_a_time:
            judged = self._judged(smiles)
            self._check_replay({key for key in judged if isinstance(key, str)})
            origins: dict[str, Origin] = {}
            for key, origin in zip(judged, zip(arms, made_from, repeat(model_hash), strict=False), strict=True):
                if isinstance(key, str) and key not in self._asked and len(origins) < self.budget_left:
                    origins.setdefault(key, Origin(*origin))
            self._ask(origins)
            return [key if isinstance(key, Scored) else self._answer(key, origins) for key in judged]

    def close(self) -> None:
        """End the processes and close the journal."""
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _judged(self, smiles: Sequence[object]) -> list[str | Scored]:
        """Return for each input its key, or the row that says why it has none."""
        with quiet_rdkit():
            return [self._judge(text) for text in smiles]

    def _judge(self, text: object) -> str | Scored:
        if isinstance(text, str) and text in self._recorded:
            return text
        try:
            molecule = read_quietly(text, self._standardization)
        except MoleculeError as err:
            return Scored(None, "refused", reason=str(err))
        if molecule.smiles not in self._recorded:
            reason = "; ".join(filter(None, (rule.violation(molecule) for rule in self._rules)))
            if reason:
                return Scored(molecule.smiles, "infeasible", reason=reason)
        return molecule.smiles

    def _check_replay(self, keys: set[str]) -> None:
        """Go on from the end of the journal if a replayed search asks for something new before it is there."""
        if len(self._asked) == len(self._recorded) or keys <= self._recorded.keys():
            return
        skipped = self._recorded.keys() - self._asked.keys() - keys
        if skipped:
            _log.warning("the search does not repeat the journal, %d calls of which it skips; it goes on from its end",
                         len(skipped))  # fmt: skip
            self._asked = dict(self._recorded)

    def _ask(self, origins: dict[str, Origin]) -> None:
        """Call the function with the molecules of which there is no record; record each as soon as it is known."""
        self._asked |= {key: self._recorded[key] for key in origins if key in self._recorded}
        new = [key for key in origins if key not in self._recorded]
        taken = {row.call for row in self._recorded.values()}  # with gaps, where a kill met several processes
        free = (number for number in count(1) if number not in taken)
        numbers = dict(zip(new, free, strict=False))
        for outcomes in self._caller(new):
            calls = [
                self._call(outcome, key, numbers[key], origins[key])
                for outcome in outcomes
                for key in (new[outcome.row],)
            ]
            self._journal.append(calls)
            rows = {call.smiles: self._wishes.row(call) for call in calls}
            self._recorded |= rows
            self._asked |= rows

    def _call(self, outcome: Outcome, smiles: str, number: int, origin: Origin) -> Call:
        values = outcome.values or {}
        failure = outcome.reason or self._wishes.shortcoming(values)
        if failure and not self._warned:
            _log.warning("the first molecule without a score, %s: %s", smiles, failure)
            self._warned = True
        score = math.nan if failure else self._wishes.score(values)
        return Call(
            number, smiles, score, values, failure, origin.arm, origin.parents, origin.model_hash,
            time=time.time(), seconds=outcome.seconds, attempts=outcome.attempts,
        )  # fmt: skip

    def _answer(self, key: str, origins: dict[str, Origin]) -> Scored:
        row = self._asked.get(key)
        if row is None:
            return Scored(key, "unaffordable", reason=f"the budget of {self._budget:,} calls is spent")
        return dataclasses.replace(row, fresh=origins.pop(key, None) is not None)


def _stated(setting: object) -> str:
    """Return a setting as it stands in the journal, without the address of a function, which the next run changes."""
    return re.sub(" at 0x[0-9a-fA-F]+", "", repr(setting))


def _finish(caller: Caller, journal: Journal) -> None:
    caller.close()
    journal.close()
