from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.datasets.report import MAX_EXAMPLES, Rejection, RejectionReport, count_rejections
from molvae.errors import DataError

CODES = st.sampled_from(["syntax", "valence", "mixture"])
REJECTIONS = st.builds(
    Rejection,
    st.just("a.smi"),
    st.integers(1, 99),
    st.text(max_size=5),
    st.text(max_size=5),
    CODES,
    st.text(max_size=5),
)


@st.composite
def reports(draw: st.DrawFn) -> RejectionReport:
    refused, examples = count_rejections(draw(st.lists(REJECTIONS, max_size=8)))
    kept, duplicates, excluded = draw(st.tuples(*[st.integers(0, 9)] * 3))
    read = kept + duplicates + excluded + sum(refused.values())
    notes = draw(st.dictionaries(st.sampled_from(["stripped", "neutralized"]), st.integers(1, 9)))
    return RejectionReport(read, kept, duplicates, excluded, refused, notes, examples)


@given(st.lists(reports(), max_size=4))
def test_every_row_is_accounted_for_after_adding(parts: list[RejectionReport]) -> None:
    total = sum(parts, RejectionReport())
    assert total.read == total.kept + total.duplicates + total.excluded + total.rejected
    assert total.read == sum(part.read for part in parts)
    for code, count in total.refused.items():
        shown = sum(example.code == code for example in total.examples)
        assert shown == min(count, MAX_EXAMPLES)


@given(reports(), reports(), reports())
def test_adding_is_associative(a: RejectionReport, b: RejectionReport, c: RejectionReport) -> None:
    assert (a + b) + c == a + (b + c)


@given(reports())
def test_a_report_survives_json(report: RejectionReport) -> None:
    assert RejectionReport.from_json(json.loads(json.dumps(report.as_json()))) == report


@pytest.mark.parametrize(
    "change",
    [{"read": -1}, {"kept": 1.5}, {"excluded": True}, {"refused": [1]}, {"refused": {"syntax": "2"}}, {"notes": None},
     {"examples": {}}, {"examples": [{"code": "syntax"}]}],
)  # fmt: skip
def test_a_report_that_is_none_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"report|rejected row"):
        RejectionReport.from_json(RejectionReport().as_json() | change)
    with pytest.raises(DataError, match="JSON object"):
        RejectionReport.from_json([])


def test_the_summary_names_reasons_from_the_most_frequent() -> None:
    report = RejectionReport(read=2_010, kept=2_000, excluded=3, refused={"syntax": 2, "valence": 5})
    assert report.summary() == "2,010 rows read, 2,000 kept, 3 excluded, 7 rejected (valence 5, syntax 2)"
