from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from molvae.datasets.rows import Row
from molvae.errors import DataError
from molvae.evaluate.checking import Checks, check_points, check_rows
from molvae.evaluate.decoding import DIVERSITY_MOLECULES, DecodeSummary, decode_report
from molvae.latent.space import LatentSpace

GIVEN = ["CCO", None, "C1CC", "", "[CH2]CC", "C1=CC1", "CC(=O)[O-].[Na+]", "CCO"]
NO_ALERTS = Checks(catalogs=())


def rows_of(smiles: list[str | None]) -> list[Row]:
    return [Row(number, text, name=f"row {number}") for number, text in enumerate(smiles, start=1)]


def test_each_row_stays_in_its_place_with_its_causes() -> None:
    found = list(check_rows(rows_of(GIVEN), NO_ALERTS))
    assert [row.number for row in found] == list(range(1, 9))
    assert [row.causes for row in found] == [
        (), ("empty",), ("syntax",), ("empty",), ("radical",), ("strained_ring",), ("charge", "fragments"), (),
    ]  # fmt: skip
    assert [row.smiles is None for row in found] == [False, True, True, True, False, False, False, False]


def test_workers_change_nothing(small: list[str]) -> None:
    rows = rows_of([*GIVEN, *small] * 2)  # more than one chunk
    alone = list(check_rows(rows, NO_ALERTS))
    assert repr(list(check_rows(rows, replace(NO_ALERTS, workers=2)))) == repr(alone)


def test_the_loop_says_what_the_model_gives_back(space: LatentSpace, small: list[str]) -> None:
    rows = list(check_rows(rows_of([*small[:40], *GIVEN]), Checks(catalogs=(), space=space)))
    back = space.reconstruct([row.smiles for row in rows])
    for row, expected in zip(rows, back, strict=True):
        assert row.decoded == expected.decoded
        assert (row.loop == "same") == expected.exact
        if row.loop == "same":
            assert row.similarity == 1
        if row.smiles is not None and not row.loop:
            assert row.refusal == expected.status
    assert any(row.loop == "same" for row in rows)
    assert rows[40 + 4].causes == ("radical", "refused: radical")


def test_points_are_decoded_as_by_the_space(space: LatentSpace) -> None:
    z = np.random.default_rng(0).normal(size=(60, space.latent_dim)).astype(np.float32) * 3
    z[7] = np.nan
    rows = list(check_points(z, space, Checks(catalogs=(), space=space)))
    assert rows[7].causes == ("empty",)
    known = np.flatnonzero(np.isfinite(z).all(axis=1))
    assert [rows[i].given for i in known] == space.decode(z[known])
    for row in rows:
        assert row.derivation is not None
        assert 0 <= row.derivation.unused <= row.derivation.symbols
        assert not (row.derivation.truncated and row.smiles)
        assert ("truncated" in row.causes) == row.derivation.truncated
    report = decode_report(z[known], space=space, catalogs=())
    assert (report["truncated"].of, report["empty"].of) == (59, 59)
    assert report["symbols used"].of == sum(row.derivation.symbols for row in rows if row.derivation is not None)
    with pytest.raises(ValueError, match="shape"):
        list(check_points(z[:, 1:], space, NO_ALERTS))


def test_a_domain_needs_a_model_that_has_one(space: LatentSpace, small: list[str]) -> None:
    with pytest.raises(ValueError, match="without a model"):
        Checks(domain=True)
    with pytest.raises(DataError, match="learn_domain"):
        decode_report(small[:3], space=space, domain=True)
    knowing = LatentSpace(replace(space.checkpoint, metadata={}), threads=1, workers=1).learn_domain(small)
    report = decode_report([*small[:20], "CCCCCCCCCCCC", "C1CC"], space=knowing, domain=True, catalogs=())
    scores = [row.domain for row in report.rows]
    np.testing.assert_array_equal(scores[:20], knowing.domain(small[:20]))
    assert math.isnan(scores[-1])
    assert report["outside the domain"].of == report["taken by the model"].value * report["taken by the model"].of


def test_figures_have_their_denominators() -> None:
    report = decode_report(GIVEN, catalogs=["BRENK"], training={"CCO"})
    assert (report["read by RDKit"].value, report["read by RDKit"].of) == (5 / 8, 8)
    assert (report["empty"].value, report["syntax"].value) == (2 / 8, 1 / 8)
    assert (report["radical"].value, report["radical"].of) == (1 / 5, 5)
    assert (report["nothing odd"].value, report["nothing odd"].of) == (2 / 5, 5)
    assert (report["unique"].value, report["unique"].of) == (4 / 5, 5)
    assert (report["novel"].value, report["novel"].of) == (3 / 4, 4)
    assert dict(report.summary.causes)["empty"] == 2
    with pytest.raises(KeyError, match="no figure"):
        report["beauty"]


def test_a_report_is_a_frame() -> None:
    report = decode_report(["CCO", "C1=CC1", "<b"], catalogs=())
    assert report.frame()["causes"].tolist() == ["", "strained_ring", "syntax"]
    assert report.frame()["smiles"].isna().tolist() == [False, False, True]


def test_no_rows_make_a_report_without_rates() -> None:
    report = decode_report([])
    assert report["read by RDKit"].of == 0
    assert math.isnan(report["nothing odd"].value)
    assert math.isnan(report["internal diversity"].value)


def test_diversity_agrees_with_its_definition(small: list[str]) -> None:
    from molvae.chem.fingerprints import morgan_fingerprints, tanimoto_matrix

    report = decode_report(small[:50], catalogs=())
    prints = morgan_fingerprints(small[:50], radius=2, n_bits=1_024)
    assert report["internal diversity"].value == pytest.approx(1 - tanimoto_matrix(prints, prints).mean(), abs=1e-3)


def test_a_long_stream_is_drawn_from_evenly(small: list[str]) -> None:
    two = list(check_rows(rows_of([small[0], small[1]]), NO_ALERTS))
    summary = DecodeSummary(NO_ALERTS)
    for row in [two[0]] * DIVERSITY_MOLECULES + [two[1]] * DIVERSITY_MOLECULES:
        summary.add(row)
    assert len(summary._prints) == DIVERSITY_MOLECULES
    share = summary._prints.count(two[0].structure.fingerprint) / DIVERSITY_MOLECULES
    assert 0.45 < share < 0.55  # four standard deviations of 2,000 draws, and the seed is fixed


@pytest.mark.parametrize(("molecules", "rule"), [("CCO", "the text 'CCO'"), (np.zeros((2, 3)), "give space")])
def test_what_is_no_list_is_refused(molecules: object, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        decode_report(molecules)  # type: ignore[arg-type]
