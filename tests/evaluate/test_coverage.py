from __future__ import annotations

import numpy as np
import pytest

from molvae.evaluate import coverage
from molvae.evaluate.bulk import fingerprint_many
from molvae.evaluate.coverage import coverage_measures, leak_measures
from molvae.evaluate.features import measure_features
from molvae.evaluate.frechet import Moments
from molvae.evaluate.statistics import Statistics

NO_MOMENTS = Moments(0, np.zeros(0), np.zeros((0, 0)))


def test_copies_are_seen_and_other_real_molecules_are_not(wehi_smiles: list[str]) -> None:
    prints = fingerprint_many(wehi_smiles[:1500])
    train, real, others = prints[:1000], prints[1000:1250], prints[1250:]
    share = {
        name: leak_measures(samples, real, train, threads=1)[1].value
        for name, samples in (("copies", train[:250]), ("real", others))
    }
    assert share["copies"] == 1
    assert 0 <= share["real"] < 0.12  # 0.05 for a perfect model; its standard error is 0.02


def test_nearest_training_molecules_of_copies_are_themselves(wehi_smiles: list[str]) -> None:
    prints = fingerprint_many(wehi_smiles[:40])
    [nearest, _] = leak_measures(prints[:10], prints[20:], prints[:20], threads=1)
    assert (nearest.value, nearest.of) == (1.0, 10)
    assert "with 20 training molecules; real: 0." in nearest.note


def test_a_set_covers_itself_and_a_part_of_it_less(wehi_smiles: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "COVERAGE_QUERIES", 50)
    whole, part = (Statistics.of(measure_features(wehi_smiles[:n], properties=False), NO_MOMENTS) for n in (80, 10))
    train = fingerprint_many(wehi_smiles[100:200])
    full = coverage_measures(whole, whole, train, threads=1)
    less = coverage_measures(part, whole, train, threads=1)
    assert [measure.value for measure in full] == [1.0, 1.0, 1.0]
    assert [measure.of for measure in full] == [50, whole.scaffolds.total(), whole.fragments.total()]
    assert all(0 < a.value < b.value for a, b in zip(less, full, strict=True))
    assert "of 80 real ones: 0." in full[0].note


def test_nothing_has_no_neighbours(wehi_smiles: list[str]) -> None:
    prints, none = fingerprint_many(wehi_smiles[:5]), np.zeros((0, 128), np.uint8)
    assert leak_measures(none, prints, prints) == []
    empty = Statistics.of(measure_features([]), NO_MOMENTS)
    assert coverage_measures(empty, empty, prints) == []
