"""What a function may return is read, and what it may not is an error that says what it must."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas
import pytest
import torch

from molvae.errors import ObjectiveError
from molvae.optimize.answers import call

TWO = ["C", "CC"]


@pytest.mark.parametrize(
    "answers",
    [[1, 2], (1.0, 2.0), np.array([1, 2]), np.array([[1.0], [2.0]]), torch.tensor([1.0, 2.0]), pandas.Series([1, 2]),
     iter([1, 2]), [np.float32(1), True + 1]],
)  # fmt: skip
def test_numbers_come_in_many_containers(answers: Any) -> None:
    assert call(lambda smiles: answers, TWO, "score") == [{"score": 1.0}, {"score": 2.0}]


def test_tables_keep_their_names_and_none_is_no_score() -> None:
    [table, nothing] = call(lambda smiles: [{"a": 1, "b": None}, None], TWO, "score")
    assert table is not None
    assert table["a"] == 1
    assert math.isnan(table["b"])
    assert nothing is None


@pytest.mark.parametrize(
    ("answers", "why"),
    [(None, "must return a list .* got NoneType"), (1.0, "must return a list"), ("ab", "must return a list"),
     ({"C": 1, "CC": 2}, "must return a list"), ([1], "1 answers for 2 molecules"), ([1, 2, 3], "3 answers"),
     (["1", 2], "must return numbers, got str '1'"), ([[1, 2], 3], "must return numbers, got list"),
     ([{"a": "x"}, 1], "got str 'x' for 'a'"), (np.ones((2, 2)), "got ndarray")],
)  # fmt: skip
def test_anything_else_is_refused(answers: Any, why: str) -> None:
    with pytest.raises(ObjectiveError, match=why):
        call(lambda smiles: answers, TWO, "score")


def test_the_function_cannot_change_what_was_asked() -> None:
    asked = ["C", "CC"]

    def greedy(smiles: list[str]) -> list[float]:
        answers = [float(len(text)) for text in smiles]
        smiles.clear()
        return answers

    call(greedy, asked, "score")
    assert asked == TWO
