from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from molvae.latent.domain import measure
from molvae.latent.space import LatentSpace
from molvae.optimize.objective import Objective
from molvae.properties.embedding import Embedder
from molvae.properties.head import PropertyHead
from molvae.properties.model import PropertyModel
from molvae.properties.selection import KINDS

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(scope="module")
def fitted(space: LatentSpace, corpus: list[str], lengths: NDArray[np.float64]) -> PropertyModel:
    """A process fitted to molecules."""
    return PropertyModel("gp", space=space).fit(corpus, pd.Series(lengths, name="length"))


@pytest.mark.parametrize("kind", ["ridge", "gp"])
def test_it_passes_the_checks_of_scikit_learn(kind: str) -> None:
    """All of them, none exempted; array-API inputs are checked only where scipy is told to take them."""
    results = check_estimator(PropertyModel(kind), on_fail=None, on_skip=None)
    assert [row["check_name"] for row in results if row["status"] == "failed"] == []
    assert {row["check_name"] for row in results if row["status"] != "passed"} <= {"check_array_api_input"}


def test_refused_rows_keep_their_place(fitted: PropertyModel, corpus: list[str]) -> None:
    rows = [corpus[0], "C1CC", None, corpus[1], "CCO.CC"]
    found = fitted.describe(rows, alpha=0.2)
    assert found.status == ("ok", "syntax", "type", "ok", "mixture")
    refused = [status != "ok" for status in found.status]
    for values in (found.mean[:, 0], found.std[:, 0], found.lower[:, 0], found.upper[:, 0], found.domain):
        assert np.isnan(values).tolist() == refused
    assert found.smiles == (corpus[0], None, None, corpus[1], None)
    assert not found.inside[refused].any()
    np.testing.assert_allclose(fitted.predict([corpus[1]])[0], found.mean[3, 0], rtol=1e-4)
    assert fitted.values(rows)[1] is None


def test_molecules_and_their_vectors_give_the_same(
    fitted: PropertyModel, space: LatentSpace, corpus: list[str]
) -> None:
    z = space.encode([*corpus, "C1CC"]).mean
    np.testing.assert_allclose(fitted.predict(z), fitted.predict([*corpus, "C1CC"]), rtol=1e-5)
    assert fitted.describe(z).status[-1] == "nan"


def test_refused_and_unlabelled_rows_do_not_change_the_fit(
    space: LatentSpace, corpus: list[str], lengths: NDArray[np.float64]
) -> None:
    more = PropertyModel("ridge", space=space).fit(["C1CC", *corpus, "CCO"], [7.0, *lengths, np.nan])
    plain = PropertyModel("ridge", space=space).fit(corpus, lengths)
    np.testing.assert_allclose(more.predict(corpus), plain.predict(corpus), rtol=1e-5)


def test_a_target_is_fitted_to_the_labels_it_has(table: Table) -> None:
    x, y = table
    labels = pd.DataFrame({"a": y, "b": -3 * y})
    labels.loc[::2, "b"] = np.nan
    both = PropertyModel("ridge").fit(x, labels)
    mean, std = both.predict(x, return_std=True)
    assert mean.shape == std.shape == (300, 2)
    assert [target.name for target in both.targets_] == ["a", "b"]
    np.testing.assert_allclose(mean[:, 0], PropertyModel("ridge").fit(x, y).predict(x), rtol=1e-10)
    assert both.targets_[1].labels + len(both.targets_[1].residuals) == 150
    assert np.corrcoef(mean[:, 1], -3 * y)[0, 1] > 0.9
    assert both.score(x, labels) > 0.8
    assert both.values(x[:1])[0] == {"a": mean[0, 0], "b": mean[0, 1]}


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_and_deviations_tell_the_error(kind: str) -> None:
    """On synthetic data, pooled over five fits: 90 % intervals hold 90 %, and deviations are as large as errors."""
    inside, squares = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(600, 3))
        y = 10 * x[:, 0] + rng.normal(size=600)
        model = PropertyModel(kind, calibration=0.5, random_state=seed).fit(x[:200], y[:200])
        low, high = model.predict_interval(x[200:], alpha=0.1)
        mean, std = model.predict(x[200:], return_std=True)
        inside.append(np.mean((low <= y[200:]) & (y[200:] <= high)))
        squares.append(np.mean(((y[200:] - mean) / std) ** 2))
    assert abs(np.mean(inside) - 0.9) < 0.045
    assert 0.6 < np.mean(squares) < 1.7


def test_far_molecules_are_flagged(table: Table) -> None:
    x, y = table
    found = PropertyModel("ridge").fit(x, y).describe(np.vstack([x[:200], x[:50] + 15]))
    assert found.inside[:200].mean() > 0.85
    assert not found.inside[200:].any()


def test_calibration_can_come_from_elsewhere(table: Table) -> None:
    x, y = table
    model = PropertyModel("ridge", calibration=0).fit(x[:150], y[:150])
    with pytest.raises(ValueError, match="at least 9 molecules to calibrate it, this model has 0"):
        model.predict_interval(x, alpha=0.1)
    before = model.predict(x)
    low, high = model.calibrate(x[150:], y[150:]).predict_interval(x, alpha=0.1)
    np.testing.assert_array_equal(model.predict(x), before)
    assert np.mean((low[150:] <= y[150:]) & (y[150:] <= high[150:])) >= 0.9


def test_auto_takes_the_kind_that_predicts_best(table: Table) -> None:
    x, _ = table
    model = PropertyModel(folds=2).fit(x[:80], x[:80, 0])
    (target,) = model.targets_
    assert set(target.scores) == set(KINDS)
    assert target.regressor.kind == max(target.scores, key=lambda kind: target.scores[kind])


def test_it_is_an_objective(fitted: PropertyModel, corpus: list[str]) -> None:
    with Objective(fitted) as objective:
        rows = objective.evaluate([corpus[0], "C1CC", corpus[1]])
    assert [row.status for row in rows] == ["scored", "refused", "scored"]
    np.testing.assert_allclose([rows[0].score, rows[2].score], fitted.predict(corpus[:2]), rtol=1e-4)


def test_a_saved_one_is_an_objective_by_name(fitted: PropertyModel, corpus: list[str], tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    with Objective(f"property:{tmp_path / 'model'}", goals={"length": "minimize"}) as objective:
        rows = objective.evaluate(corpus[:2])
    np.testing.assert_allclose([row.values["length"] for row in rows], fitted.predict(corpus[:2]), rtol=1e-4)
    np.testing.assert_allclose([row.score for row in rows], -fitted.predict(corpus[:2]), rtol=1e-4)


def test_another_latent_space_is_refused(
    corpus: list[str], lengths: NDArray[np.float64], space_folder: Path, tmp_path: Path
) -> None:
    from molvae.model.checkpoint import load_checkpoint, save_checkpoint

    checkpoint = load_checkpoint(space_folder)
    for weight in checkpoint.vae.parameters():
        weight.data *= 1.01
    save_checkpoint(tmp_path / "other", checkpoint)
    model = PropertyModel("ridge", space=space_folder).fit(corpus, lengths)
    with pytest.raises(ValueError, match="set space to the folder of that model"):
        model.set_params(space=tmp_path / "other").predict(corpus)
    vectors = PropertyModel("ridge").fit(np.zeros((9, 8)) + np.arange(9)[:, None], np.arange(9.0))
    with pytest.raises(ValueError, match="fitted to vectors"):
        vectors.predict(corpus)


def test_it_is_cloned_and_copied(space_folder: Path, corpus: list[str], lengths: NDArray[np.float64]) -> None:
    model = PropertyModel("ridge", space=space_folder, calibration=0.3)
    assert clone(model).get_params() == model.get_params()
    assert np.isfinite(cross_val_score(model, np.array(corpus), lengths, cv=2)).all()
    model.fit(corpus, lengths)
    assert not any("embed" in name for name in model.__getstate__())  # no weights go to worker processes
    for again in (copy.copy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(corpus), model.predict(corpus))


@pytest.mark.parametrize(
    ("settings", "fit", "message"),
    [
        ({"kind": "svm"}, {}, "kind must be"),
        ({"calibration": 1.0}, {}, "calibration must be"),
        ({}, {"targets": ["a", "b"]}, "targets must be 1 different names"),
        ({}, {"groups": ["a"]}, "inconsistent numbers"),
    ],
)
def test_what_cannot_be_is_refused(table: Table, settings: dict[str, Any], fit: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PropertyModel(**settings).fit(*table, **fit)


def test_labels_that_are_missing_altogether_are_told(table: Table) -> None:
    with pytest.raises(ValueError, match="target 'b' has no label"):
        PropertyModel("ridge").fit(table[0], pd.DataFrame({"a": table[1], "b": np.nan}))
    with pytest.raises(NotFittedError):
        PropertyModel("ridge").predict(table[0])


def test_states_of_the_encoder_are_features_of_molecules_only(
    space: LatentSpace, corpus: list[str], lengths: NDArray[np.float64], tmp_path: Path
) -> None:
    shared = Embedder(space, "states")
    model = PropertyModel("ridge", space=shared, features="states").fit(corpus, lengths)
    assert model.n_features_in_ == space.latent_dim + space.encoder_states(corpus[:1]).shape[1]
    plain = PropertyModel("ridge", space=space).fit(corpus, lengths)
    assert model.score(corpus, lengths) > plain.score(corpus, lengths)  # sums over symbols know the length
    model.save(tmp_path / "model")
    np.testing.assert_allclose(PropertyModel.load(tmp_path / "model").predict(corpus), model.predict(corpus), rtol=1e-4)
    with pytest.raises(ValueError, match="no function of z"):
        PropertyHead.of(model)
    with pytest.raises(ValueError, match="X holds vectors"):
        PropertyModel("ridge", features="states").fit(space.encode(corpus).mean, lengths)
    with pytest.raises(ValueError, match="gives features 'states', and 'z' are asked for"):
        PropertyModel("ridge", space=shared).fit(corpus, lengths)


def test_surprising_molecules_are_flagged(fitted: PropertyModel, space: LatentSpace, corpus: list[str]) -> None:
    found = fitted.describe([*corpus, "C1CC"])
    codec, network = space.pipeline.codec, space.pipeline.network
    expected = measure(network, [codec.encode(smiles).tokens for smiles in corpus]).nats_per_symbol
    np.testing.assert_allclose(found.surprise[:-1], expected, rtol=1e-3)
    order = np.argsort(found.surprise[:-1])
    assert (np.diff(found.typical[:-1][order]) <= 0).all()  # the more surprising, the less typical
    assert np.isnan([found.surprise[-1], found.typical[-1]]).all()
    least = PropertyModel("ridge", space=space, outside=0.6).fit(corpus, np.arange(len(corpus))).describe(corpus)
    np.testing.assert_array_equal(least.inside, (least.domain >= 0.6) & (least.typical >= 0.6))
    vectors = fitted.describe(space.encode(corpus).mean)
    assert np.isnan(vectors.surprise).all()
    assert vectors.inside.mean() > 0.8
