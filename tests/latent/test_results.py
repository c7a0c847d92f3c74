from __future__ import annotations

import numpy as np
import pytest

from molvae.latent.results import Encoding, Neighbor, Neighbors, Reconstruction, Row, profile
from molvae.latent.space import LatentSpace


@pytest.fixture
def encoding() -> Encoding:
    """Three rows, of which the second was refused."""
    mean = np.array([[0.0, 1.0], [np.nan, np.nan], [2.0, 3.0]], dtype=np.float32)
    return Encoding(
        mean,
        np.zeros_like(mean),
        smiles=("CCO", None, "CCN"),
        status=("ok", "syntax", "ok"),
        detail=("", "no SMILES", ""),
        notes=(("stripped",), (), ()),
    )


def test_an_encoding_counts_what_was_refused(encoding: Encoding) -> None:
    assert len(encoding) == 3
    assert encoding.ok.tolist() == [True, False, True]
    assert encoding.refusals == {"syntax": 1}
    assert repr(encoding) == "Encoding(2 of 3 molecules in 2 dimensions, 1 syntax)"


def test_chosen_rows_keep_everything_that_belongs_to_them(encoding: Encoding) -> None:
    taken = encoding[encoding.ok]
    assert taken.smiles == ("CCO", "CCN")
    assert taken.notes == (("stripped",), ())
    assert np.isfinite(taken.mean).all()
    assert encoding[1:].status == ("syntax", "ok")
    assert encoding[[2, 2, 0]].smiles == ("CCN", "CCN", "CCO")


def test_the_parts_of_an_encoding_join_to_the_whole(encoding: Encoding) -> None:
    joined = Encoding.joined([encoding[:1], encoding[1:1], encoding[1:]], 2)
    np.testing.assert_array_equal(joined.mean, encoding.mean)
    assert joined.status == encoding.status
    assert Encoding.joined([], 2).mean.shape == (0, 2)


def test_posterior_noise_belongs_to_the_row(encoding: Encoding) -> None:
    points = encoding.sample(seed=3)
    np.testing.assert_array_equal(points[:1], encoding[:1].sample(seed=3))
    assert np.isnan(points[1]).all()
    assert not np.array_equal(points[0], encoding.sample(seed=4)[0])
    np.testing.assert_array_equal(encoding.sample(seed=3, scale=0)[[0, 2]], encoding.mean[[0, 2]])


def test_posterior_noise_has_the_spread_of_the_posterior() -> None:
    rows = 20_000
    wide = Encoding(
        np.full((rows, 1), 5, np.float32),
        np.full((rows, 1), np.log(4), np.float32),
        ("C",) * rows,
        ("ok",) * rows,
        ("",) * rows,
        ((),) * rows,
    )
    points = wide.sample(seed=0)
    assert points.mean() == pytest.approx(5, abs=0.05)
    assert points.std() == pytest.approx(2, abs=0.05)


def test_the_rate_of_reconstruction_leaves_refused_rows_out() -> None:
    rows = (Row("CCO", "CCO", "ok"), Row("CCN", "CCO", "ok"), Row("CCC", None, "ok"), Row(None, None, "syntax"))
    result = Reconstruction(rows)
    assert [row.exact for row in result] == [True, False, False, False]
    assert result.rate == pytest.approx(1 / 3)
    assert repr(result) == "Reconstruction(1 of 3 exact, 1 refused)"
    assert np.isnan(Reconstruction(rows[3:]).rate)


def test_neighbours_read_as_a_table() -> None:
    found = Neighbors("CCO", (Neighbor("CCCO", 0.5), Neighbor("CO", 0.3)), asked=3, radius=1.0)
    assert found.smiles == ["CCCO", "CO"]
    assert found.mean_similarity == pytest.approx(0.4)
    assert repr(found).splitlines() == [
        "2 of 3 neighbours of CCO, mean similarity 0.40",
        "  0.50  CCCO",
        "  0.30  CO",
    ]
    assert np.isnan(Neighbors("CCO", (), asked=3, radius=1.0).mean_similarity)


def test_a_profile_has_no_similarity_where_nothing_was_decoded() -> None:
    path = profile(np.array([0.0, 0.5, 1.0]), ["CCO", None, "CCN"], "CCO", "CCN")
    assert path.smiles == ["CCO", None, "CCN"]
    assert [path[0].to_start, path[2].to_end] == [1.0, 1.0]
    assert np.isnan([path[1].to_start, path[1].to_end]).all()
    assert repr(path).count("\n") == 3


def test_a_profile_along_a_direction_has_no_end() -> None:
    assert all(np.isnan(step.to_end) for step in profile(np.array([-1.0, 1.0]), ["CCO", "CCN"], "CCO", None))


def test_results_show_themselves_in_notebooks(space: LatentSpace, corpus: list[str]) -> None:
    encoding = space.encode([*corpus[:3], "c1cccc1"])
    assert encoding._repr_html_().count("<img") == 3
    assert "kekulize" in encoding._repr_html_()
    assert "and 12 more" in encoding[np.zeros(32, dtype=np.intp)]._repr_html_()
    found = space.neighbors(corpus[0], n=3, seed=0)
    assert found._repr_html_().count("<img") == 1 + len(found)
    path = space.interpolate(corpus[0], corpus[1], n=3)
    assert path._repr_html_().count("<img") == sum(step.smiles is not None for step in path)
    assert space.reconstruct(corpus[:2])._repr_html_().count("<img") >= 2
    assert str(space.latent_dim) in space._repr_html_()
