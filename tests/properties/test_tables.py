from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from molvae.properties.tables import feature_scale, label_table, target_names


def test_blocks_of_features_have_the_same_weight_and_latent_ones_keep_their_proportions() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 12)) * np.array([3.0, 1.0, 2.0, *[50.0, 5.0, 7.0] * 3])
    variance = (x / feature_scale(x, (3, 9), each=False)).var(axis=0)
    assert variance[:3].sum() == pytest.approx(variance[3:].sum())
    assert variance.mean() == pytest.approx(1.0)
    assert variance[0] / variance[1] == pytest.approx(x[:, 0].var() / x[:, 1].var())
    np.testing.assert_allclose(variance[3::3], variance[3])  # of the rest, each column alike
    np.testing.assert_allclose((x / feature_scale(x, (12,), each=False)).var(axis=0).mean(), 1.0)


def test_what_does_not_vary_is_not_blown_up() -> None:
    x = np.column_stack([np.arange(9.0), np.full(9, 2.0)])
    assert feature_scale(x, (2,), each=True)[1] == pytest.approx(0.05 * x[:, 0].std())
    np.testing.assert_array_equal(feature_scale(np.ones((4, 3)), (3,), each=False), 1.0)


def test_labels_are_tables_with_names() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": [3, 4]})
    assert label_table(frame, 2).shape == (2, 2)
    assert target_names(frame, 2) == ("a", "b")
    assert target_names(pd.Series([1.0], name="logS"), 1) == ("logS",)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        label_table([1.0, 2.0], 3)
