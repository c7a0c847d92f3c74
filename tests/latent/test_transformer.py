from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags

from molvae.errors import ConfigError, MoleculeError
from molvae.latent.space import LatentSpace
from molvae.latent.transformer import MoleculeLatentTransformer


@pytest.fixture
def transformer(model: Path) -> MoleculeLatentTransformer:
    """The transformer over the tiny model."""
    return MoleculeLatentTransformer(model, threads=1)


def test_it_gives_the_means_of_the_latent_space(
    transformer: MoleculeLatentTransformer, space: LatentSpace, corpus: list[str]
) -> None:
    expected = space.encode(corpus).mean
    for molecules in (corpus, np.array(corpus), pd.Series(corpus), pd.DataFrame({"smiles": corpus})):
        np.testing.assert_array_equal(transformer.fit_transform(molecules), expected)
    assert transformer.transform(corpus[:3]).dtype == np.float32
    assert transformer.inverse_transform(expected).tolist() == space.decode(expected)


def test_it_works_in_a_pipeline(transformer: MoleculeLatentTransformer, corpus: list[str]) -> None:
    length = np.array([len(smiles) for smiles in corpus], dtype=float)
    pipeline = make_pipeline(transformer, Ridge(alpha=1e-3)).fit(corpus, length)
    assert pipeline.score(corpus, length) > 0.5


def test_its_output_can_be_a_frame_with_the_index_of_the_input(
    transformer: MoleculeLatentTransformer, corpus: list[str]
) -> None:
    molecules = pd.Series(corpus[:5], index=list("abcde"))
    frame = transformer.set_output(transform="pandas").fit_transform(molecules)
    assert list(frame.columns) == [f"z{i}" for i in range(24)]
    assert list(frame.index) == list("abcde")


def test_a_refused_molecule_is_an_error_or_a_row_of_nan(model: Path, corpus: list[str]) -> None:
    strict = MoleculeLatentTransformer(model, threads=1).fit(corpus)
    with pytest.raises(MoleculeError, match=r"syntax: .*row 1;"):
        strict.transform([corpus[0], "C1CC"])
    lenient = MoleculeLatentTransformer(model, on_refusal="nan", threads=1).fit(corpus)
    assert np.isnan(lenient.transform([corpus[0], "C1CC"])).any(axis=1).tolist() == [False, True]


def test_clones_and_json_carry_the_settings_and_no_weights(
    transformer: MoleculeLatentTransformer, corpus: list[str]
) -> None:
    transformer.set_params(on_refusal="nan").fit(corpus)
    assert clone(transformer).get_params() == transformer.get_params()
    again = MoleculeLatentTransformer.from_json(transformer.to_json())
    assert again.to_json() == transformer.to_json()
    np.testing.assert_array_equal(again.fit(corpus).transform(corpus), transformer.transform(corpus))
    assert not any(name.startswith("_space") for name in transformer.__getstate__())
    np.testing.assert_array_equal(copy.copy(transformer).transform(corpus[:2]), transformer.transform(corpus[:2]))


@pytest.mark.parametrize("text", ["", "[]", '{"model": null, "pickle": true}', "nonsense"])
def test_settings_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        MoleculeLatentTransformer.from_json(text)
    assert json.loads(MoleculeLatentTransformer().to_json())["model"] is None


def test_input_that_is_no_column_is_refused(transformer: MoleculeLatentTransformer, corpus: list[str]) -> None:
    with pytest.raises(ValueError, match="write \\[smiles\\]"):
        transformer.fit(corpus[0])
    with pytest.raises(ValueError, match="2 columns"):
        transformer.fit(pd.DataFrame({"a": corpus, "b": corpus}))
    with pytest.raises(ValueError, match="on_refusal"):
        transformer.set_params(on_refusal="drop").fit(corpus)


# scikit-learn's own checks that need no data. `check_estimator` leaves out the others for an estimator whose tags say
# that it reads no table of numbers: they fit random floats, and a float is no molecule.
CHECKS: list[Callable[[str, object], None]] = [
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_set_params,
]


@pytest.mark.parametrize("check", CHECKS)
def test_it_passes_the_checks_of_scikit_learn(
    transformer: MoleculeLatentTransformer, check: Callable[[str, object], None]
) -> None:
    check("MoleculeLatentTransformer", transformer)


def test_it_must_be_fitted(transformer: MoleculeLatentTransformer, corpus: list[str]) -> None:
    for use in (transformer.transform, transformer.inverse_transform, transformer.get_feature_names_out):
        with pytest.raises(NotFittedError):
            use(corpus)


def test_its_tags_say_that_it_reads_text(transformer: MoleculeLatentTransformer) -> None:
    tags = get_tags(transformer)
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
