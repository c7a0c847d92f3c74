"""A climb ends when its own molecules no longer rise, and the next one is measured by itself."""

from __future__ import annotations

from molvae.optimize.climbs import Climbs
from molvae.optimize.scored import Scored


def rows(*scores: float, first: int = 0) -> list[Scored]:
    return [
        Scored(f"{'C' * (first + number + 1)}O", "scored", score=score, feasible=True)
        for number, score in enumerate(scores)
    ]


def told(climbs: Climbs, given: list[Scored]) -> bool:
    climbs.join(str(row.smiles) for row in given)
    return climbs.tell(given)


def test_a_climb_that_rises_goes_on() -> None:
    climbs = Climbs(patience=2)
    assert not any(told(climbs, rows(0.1 * step, 0.0, first=2 * step)) for step in range(20))
    assert climbs.ranked[0] == "C" * 39 + "O"
    assert climbs.ended == 0


def test_a_climb_ends_after_so_many_of_its_own_in_vain() -> None:
    climbs = Climbs(patience=4)
    assert not told(climbs, rows(*[0.5] * 10))
    others = rows(*[0.1] * 50, first=10)
    assert not climbs.tell(others)  # of no climb
    assert not told(climbs, rows(0.1, 0.2, 0.3, first=60))
    assert told(climbs, rows(0.4, first=63))
    assert (climbs.ended, len(climbs), climbs.joined, climbs.ranked) == (1, 0, 0, [])


def test_the_next_climb_is_measured_by_itself() -> None:
    climbs = Climbs(patience=3)
    told(climbs, rows(*[1.0] * 10))
    assert told(climbs, rows(0.0, 0.0, 0.0, first=10))
    for step in range(10):  # far below the first climb, and rising
        assert not told(climbs, rows(0.01 * step, first=20 + step))
    assert not climbs.tell(rows(2.0, 2.0, 2.0, 2.0, first=40))
    assert told(climbs, rows(0.0, 0.0, 0.0, first=50))
    assert climbs.ended == 2


def test_a_rise_too_small_to_matter_does_not_count() -> None:
    climbs = Climbs(patience=6)
    told(climbs, rows(0.0, *[0.5] * 9, 1.0))
    assert any(told(climbs, rows(0.5 + 1e-5 * step, first=20 + step)) for step in range(1, 8))


def test_infinite_patience_knows_one_climb() -> None:
    climbs = Climbs(float("inf"))
    assert not any(told(climbs, rows(*[0.5] * 100, first=100 * step)) for step in range(10))
