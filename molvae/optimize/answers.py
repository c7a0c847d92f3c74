"""What a function that scores molecules must return, checked: one answer for each molecule, in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from molvae.errors import ObjectiveError

Answer = float | Mapping[str, float | None] | None  # of one molecule; None where there is no score
Scorer = Callable[[list[str]], Iterable[Answer]]  # of canonical SMILES strings
Values = dict[str, float]  # NaN where the function gave None


def call(scorer: Scorer, smiles: list[str], name: str) -> list[Values | None]:
    """Return the values of each molecule; a single number is called `name`.

    Raises:
        ObjectiveError: the function returns something else than a number, a table of numbers or None for each molecule.
        Exception: whatever the function raises.

    >>> call(lambda smiles: [1, None, {"a": 2}], ["C", "CC", "CCC"], "score")
    [{'score': 1.0}, None, {'a': 2.0}]
    """
    answers: Any = scorer(list(smiles))  # a copy: the function may change its argument
    if isinstance(answers, str | bytes | Mapping) or not isinstance(answers, Iterable):
        raise ObjectiveError(
            f"the objective must return a list with one answer for each molecule, got {type(answers).__name__};"
            " it is called with a list of SMILES strings"
        )
    rows = list(answers)
    if len(rows) != len(smiles):
        raise ObjectiveError(
            f"the objective returned {len(rows)} answers for {len(smiles)} molecules; it must return one for each, None"
            " where there is no score"
        )
    return [_values(answer, name) for answer in rows]


def _values(answer: Any, name: str) -> Values | None:
    if answer is None:
        return None
    if isinstance(answer, Mapping):
        return {str(key): _number(value, str(key)) for key, value in answer.items()}
    return {name: _number(answer, name)}


def _number(value: Any, name: str) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, str | bytes):
        try:
            return float(value.item() if hasattr(value, "item") else value)  # NumPy and torch have numbers of their own
        except (TypeError, ValueError):
            pass
    raise ObjectiveError(f"the objective must return numbers, got {type(value).__name__} {value!r:.80} for {name!r}")
