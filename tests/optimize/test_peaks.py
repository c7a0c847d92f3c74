"""A search leaves a peak that it has climbed to the end, and comes back to what is unlike it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molvae.chem.fingerprints import morgan_counts
from molvae.optimize.peaks import Peaks
from molvae.optimize.surrogate import MinMaxFeatures

GROUPS = ("C", "N", "O", "F", "Cl", "Br", "S", "CC", "CO", "CN", "CS", "I")
PHENOLS = [f"{group}c1ccc(CCNC(=O)c2ccc(O)cc2)cc1" for group in GROUPS]
SUGARS = [f"{group}CC(O)C(O)C(O)C1CCCC1" for group in GROUPS]


def told(peaks: Peaks, smiles: list[str], scores: list[float]) -> None:
    peaks.tell(morgan_counts(smiles), np.array(scores))


def outside(peaks: Peaks, smiles: list[str]) -> NDArray[np.bool_]:
    return peaks.are_outside(morgan_counts(smiles))


def test_a_climb_that_rises_goes_on() -> None:
    peaks = Peaks(MinMaxFeatures, patience=3)
    for number, smiles in enumerate(PHENOLS):
        told(peaks, [smiles], [0.1 * number])
    assert len(peaks) == 0
    assert outside(peaks, PHENOLS + SUGARS).all()
    assert peaks.outside.tolist() == list(range(11, -1, -1))


def test_what_is_near_the_best_molecule_of_an_ended_climb_is_left() -> None:
    peaks = Peaks(MinMaxFeatures, patience=4)
    told(peaks, [*PHENOLS[:6], SUGARS[0]], [0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.2])
    told(peaks, PHENOLS[6:9], [0.1, 0.1, 0.1])
    assert len(peaks) == 0
    told(peaks, SUGARS[1:2], [0.3])
    assert len(peaks) == 1
    assert not outside(peaks, PHENOLS[:6]).any()
    assert outside(peaks, SUGARS).all()
    assert peaks.outside[:2].tolist() == [10, 6]  # the sugars


def test_the_next_climb_is_compared_with_its_own_start() -> None:
    peaks = Peaks(MinMaxFeatures, patience=4)
    told(peaks, [*PHENOLS[:10], *SUGARS[:2]], [0.9] * 10 + [0.1, 0.2])
    told(peaks, PHENOLS[10:] + PHENOLS[10:], [0.1] * 4)
    assert len(peaks) == 1
    for number, smiles in enumerate(SUGARS[2:10]):
        told(peaks, [smiles], [0.3 + 0.02 * number])  # far below the first peak, and rising
    assert len(peaks) == 1
    told(peaks, SUGARS[10:] + PHENOLS[:3], [0.0] * 5)
    assert len(peaks) == 2
    assert not outside(peaks, [SUGARS[9]]).any()


def test_nothing_is_left_where_nothing_is_outside() -> None:
    peaks = Peaks(MinMaxFeatures, patience=2)
    for _ in range(4):
        told(peaks, PHENOLS[:3], [0.5] * 3)
    assert len(peaks) == 1
    assert len(peaks.outside) == 0
    assert outside(peaks, SUGARS).all()
