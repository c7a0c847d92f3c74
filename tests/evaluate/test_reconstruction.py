from __future__ import annotations

import math

import pytest

from molvae.datasets.rows import Row
from molvae.errors import MoleculeError
from molvae.evaluate import reconstruction
from molvae.evaluate.reconstruction import evaluate_reconstruction, joined
from molvae.latent.space import LatentSpace


def test_rows_stay_aligned_with_their_reasons(space: LatentSpace, small: list[str]) -> None:
    rows = [
        Row(1, small[0]),
        Row(2, "C1CC"),
        Row(3, None, refusal=MoleculeError("empty", "a blank line")),
        Row(4, f" {small[1]}"),
        Row(5, "[Fe]"),
    ]
    report = evaluate_reconstruction(space, rows, source="mine")
    assert [row.row for row in report.rows] == [1, 2, 3, 4, 5]
    assert [row.status for row in report.rows] == ["ok", "syntax", "empty", "ok", "element"]
    assert report.rows[2].detail == "a blank line"
    assert report.refusals() == {"syntax": 1, "empty": 1, "element": 1}
    assert report.rows[3].canonical == small[1]
    assert all(row.decoded is None and row.tokens == 0 and math.isnan(row.similarity) for row in report.rows[1:3])
    figures = {measure.name: measure for measure in report.measures()}
    assert (figures["refused"].value, figures["refused"].of, figures["exact"].of) == (0.6, 5, 2)


def test_figures_are_those_of_the_space_itself(space: LatentSpace, small: list[str]) -> None:
    report = evaluate_reconstruction(space, small)
    own = space.reconstruct(small)
    figures = {measure.name: measure for measure in report.measures()}
    assert [(row.canonical, row.decoded) for row in report.rows] == [(row.smiles, row.decoded) for row in own]
    assert 0 < figures["exact"].value == own.rate < 1  # both outcomes were compared
    assert figures["exact without stereo"].value >= figures["exact"].value
    for row in report.rows:
        assert row.exact == (row.similarity == 1 and row.decoded == row.canonical)
        assert row.right_tokens == row.tokens or not row.exact
        assert 0 <= row.right_tokens <= row.tokens


def test_windows_change_nothing(space: LatentSpace, small: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole, counted = evaluate_reconstruction(space, small[:30]), list[int]()
    monkeypatch.setattr(reconstruction, "_WINDOW", 7)
    assert evaluate_reconstruction(space, small[:30], progress=counted.append) == whole
    assert counted == [7, 7, 7, 7, 2]


def test_sources_are_told_apart(space: LatentSpace, small: list[str]) -> None:
    report = joined(
        [
            evaluate_reconstruction(space, small[:4], source="first"),
            evaluate_reconstruction(space, ["C1CC", small[5]], source="second"),
        ]
    )
    assert report.sources == ("first", "second")
    assert [report.measures(source)[0].of for source in ("first", "second", None)] == [4, 1, 5]
    assert (report.refusals("first"), report.refusals("second")) == ({}, {"syntax": 1})


def test_nothing_taken_gives_nan(space: LatentSpace) -> None:
    figures = {measure.name: measure for measure in evaluate_reconstruction(space, ["C1CC"]).measures()}
    assert math.isnan(figures["exact"].value)
    assert figures["refused"].value == 1
