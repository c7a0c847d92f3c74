"""The surrogate search: batches of different questions, a bounded process, and no learning from equal scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.chem.similarity import SimilarityTo
from molvae.optimize.arms import Arm, GraphCrossover, GraphMutation, Library
from molvae.optimize.objective import Objective
from molvae.optimize.proposer import Proposer
from molvae.optimize.rounds import search
from molvae.optimize.scored import Scored
from molvae.optimize.screening import PoolSize, SurrogateSearch
from molvae.optimize.strategy import admit_all

SMALL = PoolSize(per_pick=5, least=30, generations=2, kept=20)


@pytest.fixture(scope="module")
def library(wehi_smiles: list[str]) -> list[str]:
    return [canonical_smiles(smiles) for smiles in wehi_smiles[:120] if "." not in smiles]


def rows_of(
    score: Callable[[str], float], library: list[str], budget: int, *, conditioned: bool = True, most: int = 1_000
) -> list[Scored]:
    objective = Objective(lambda smiles: [score(text) for text in smiles], budget=budget)
    arms: list[Arm] = [Library(library, seed=0), GraphCrossover(), GraphMutation()]
    proposer = Proposer(arms, screen=objective.screen, initial=20, seed=0)
    strategy = SurrogateSearch(proposer, size=SMALL, conditioned=conditioned, most=most)
    return [row for round_ in search(objective, strategy, batch=10) for row in round_.rows]


def to_paracetamol(smiles: str) -> float:
    return SimilarityTo("CC(=O)Nc1ccc(O)cc1")(mol_from_canonical(smiles))


def test_a_process_that_may_hold_few_molecules_goes_on_with_the_best(library: list[str]) -> None:
    rows = rows_of(to_paracetamol, library, 70, most=24)
    assert len({row.smiles for row in rows}) == 70
    begun, ended = (np.mean(sorted(row.score for row in part)[-5:]) for part in (rows[:20], rows))
    assert ended > begun + 0.1


def test_equal_scores_lead_back_to_what_needs_no_parents(library: list[str]) -> None:
    found = "n1"
    rows = rows_of(lambda smiles: float(found in smiles), library, 60)
    first = next(index for index, row in enumerate(rows) if row.score == 1)
    assert {row.arm for row in rows[: max(20, first)]} == {"library"}
    assert {row.arm for row in rows[-10:]} & {"graph-crossover", "graph-mutation"}
    assert {row.arm for row in rows_of(lambda smiles: 0.5, library, 60)} == {"library"}


@pytest.mark.parametrize(("conditioned", "expected"), [(True, 1), (False, 2)])
def test_a_batch_asks_different_questions(conditioned: bool, expected: int) -> None:
    """Two molecules of which each tells nearly all about the other are both asked only if neither counts as known."""
    twins = ["C" * 20 + "O", "C" * 21 + "O"]
    arm = Library([*twins, "O=C1CCCN1", "c1ccsc1"], seed=0)
    proposer = Proposer([arm], screen=admit_all, start=["CC(=O)Nc1ccc(O)cc1", "CCN"], initial=0, seed=0)
    strategy = SurrogateSearch(proposer, size=SMALL, conditioned=conditioned)
    scores = zip(strategy.ask(2), (0.0, 1e-9), strict=True)  # so that only the deviations decide
    strategy.tell([Scored(row.smiles, "scored", score=score, feasible=True, call=1) for row, score in scores])
    asked = {row.smiles for row in strategy.ask(3)}
    assert len(asked) == 3
    assert len(asked & set(twins)) == expected


def test_an_ended_climb_is_followed_by_one_of_new_molecules(library: list[str]) -> None:
    def fresh_rounds(patience: float) -> list[int]:
        objective = Objective(lambda smiles: [min(to_paracetamol(text), 0.3) for text in smiles], budget=120)
        arms: list[Arm] = [Library(library, seed=0), GraphCrossover(), GraphMutation()]
        proposer = Proposer(arms, screen=objective.screen, initial=20, seed=0)
        strategy = SurrogateSearch(proposer, size=SMALL, patience=patience)
        rounds = list(search(objective, strategy, batch=10))
        return [round_.number for round_ in rounds if {row.arm for row in round_.rows} == {"library"}]

    assert fresh_rounds(float("inf")) == [1, 2]
    again = fresh_rounds(25)
    assert again[:2] == [1, 2]
    assert len(again) >= 4
    assert again[3] == again[2] + 1  # twenty new ones
