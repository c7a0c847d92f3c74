from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from molvae.latent.space import LatentSpace
from molvae.properties.embedding import Embedder, Points
from molvae.properties.evaluation import DESCRIPTORS, LEVELS, MORGAN, Evaluation, evaluate
from molvae.properties.picture import draw_calibration


@pytest.fixture(scope="module")
def points(space: LatentSpace, corpus: list[str]) -> Points:
    """The corpus, its first molecule twice, and one that is refused."""
    return Embedder(space)([*corpus, corpus[0], "C1CC"])


@pytest.fixture(scope="module")
def report(points: Points, lengths: NDArray[np.float64]) -> Evaluation:
    labels = np.array([*lengths, lengths[0] + 2, 1.0])
    return evaluate(points, labels, kinds=["ridge"], seeds=2)


def test_a_repeated_molecule_is_one_with_the_mean_label(report: Evaluation, lengths: NDArray[np.float64]) -> None:
    assert (report.molecules, report.repeated) == (len(lengths), 1)
    assert report.refused == {"syntax": 1}
    known = {*lengths.tolist(), lengths[0] + 1}
    assert all(set(trial.measured.tolist()) <= known for trial in report.trials)


def test_every_method_sees_the_same_molecules(report: Evaluation) -> None:
    for split in ("scaffold", "random"):
        for seed in range(2):
            trials = [trial for trial in report.trials if (trial.split, trial.seed) == (split, seed)]
            assert {trial.method for trial in trials} == {"molvae (ridge)", MORGAN, DESCRIPTORS}
            for trial in trials[1:]:
                np.testing.assert_array_equal(trial.measured, trials[0].measured)


def test_the_table_is_the_mean_over_seeds(report: Evaluation) -> None:
    table = report.table()
    assert len(table) == 6
    for row in table:
        trials = [trial for trial in report.trials if (trial.split, trial.method) == (row.split, row.method)]
        rmse = [float(np.sqrt(np.mean((trial.measured - trial.predicted) ** 2))) for trial in trials]
        assert row.rmse == pytest.approx(np.mean(rmse))
        assert row.rmse_std == pytest.approx(np.std(rmse))
        assert row.tested == sum(len(trial.measured) for trial in trials)
    assert [row.rmse for row in table[:3]] == sorted(row.rmse for row in table[:3])


def test_descriptors_predict_the_length_of_a_smiles_better_than_an_untrained_encoder(report: Evaluation) -> None:
    assert next(row.method for row in report.table() if row.split == "random") == DESCRIPTORS


def test_vectors_that_say_it_all_are_found_to(points: Points, lengths: NDArray[np.float64]) -> None:
    rng = np.random.default_rng(0)
    labels = rng.normal(size=len(lengths))
    z = np.stack([labels, rng.normal(size=len(labels))], axis=1)
    telling = Points(z, points.smiles[: len(labels)], points.status[: len(labels)], points.detail[: len(labels)])
    found = evaluate(telling, labels, kinds=["ridge"], splits=["random"], seeds=2, baselines=False)
    assert found.table()[0].r2 > 0.999
    assert all(len(trial.coverage) == len(LEVELS) for trial in found.trials)


def test_too_few_molecules_are_refused(points: Points, lengths: NDArray[np.float64]) -> None:
    labels = np.full(len(points.z), np.nan)
    labels[:29] = lengths[:29]
    with pytest.raises(ValueError, match="at least 30 molecules with a label, got 29"):
        evaluate(points, labels)


def test_the_picture_is_drawn(report: Evaluation, tmp_path: Path) -> None:
    draw_calibration(report, tmp_path / "calibration.png", target="length")
    assert (tmp_path / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_each_kind_of_features_is_a_method(space: LatentSpace, corpus: list[str], lengths: NDArray[np.float64]) -> None:
    embedders = [Embedder(space), Embedder(space, "states")]
    found = evaluate(
        embedders[0](corpus), lengths, kinds=["ridge"], splits=["random"], seeds=2, baselines=False, embedders=embedders
    )
    rows = {row.method: row for row in found.table()}
    assert set(rows) == {"molvae (ridge)", "molvae, states (ridge)"}
    assert rows["molvae, states (ridge)"].rmse < rows["molvae (ridge)"].rmse
    trials = [trial.coverage[-1] for trial in found.trials if trial.method == "molvae (ridge)"]
    assert rows["molvae (ridge)"].coverage90_error == pytest.approx(abs(trials[0] - trials[1]) / 2)
