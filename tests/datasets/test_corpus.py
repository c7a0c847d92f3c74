from __future__ import annotations

import pytest

from molvae.chem.settings import Standardization
from molvae.datasets.corpus import SourceRow, tokenize_rows
from molvae.datasets.rows import Row
from molvae.errors import MoleculeError
from molvae.tokens.vocabulary import Vocabulary


def rows_of(*smiles: str) -> list[SourceRow]:
    return [SourceRow("a.smi", Row(number, text, f"m{number}")) for number, text in enumerate(smiles, start=1)]


def test_each_row_is_kept_or_rejected_with_its_line() -> None:
    rows = rows_of("OCC", "C1CC", " C[C@H](N)O", "CCO.O", "C(C)(C)(C)(C)C")
    rows.insert(1, SourceRow("b.csv", Row(7, None, "x", refusal=MoleculeError("wrong_format", "2 cells"))))
    corpus = tokenize_rows(rows)
    assert corpus.smiles == ("CCO", "C[C@H](N)O")
    assert [(each.source, each.number, each.name, each.text, each.code) for each in corpus.rejections] == [
        ("b.csv", 7, "x", "", "wrong_format"),
        ("a.smi", 2, "m2", "C1CC", "syntax"),
        ("a.smi", 4, "m4", "CCO.O", "mixture"),
        ("a.smi", 5, "m5", "C(C)(C)(C)(C)C", "valence"),
    ]
    assert corpus.report.read == 6 == corpus.report.kept + corpus.report.rejected
    assert corpus.report.notes == {"stripped": 1}


def test_tokens_are_positions_in_the_symbols_found() -> None:
    corpus = tokenize_rows(rows_of("CO", "OC=C"))
    ends = corpus.lengths.cumsum()
    words = [
        [corpus.symbols[token] for token in corpus.tokens[end - length : end]]
        for end, length in zip(ends, corpus.lengths, strict=True)
    ]
    assert words == [["[C]", "[O]"], ["[C]", "[=C]", "[O]"]]


def test_a_vocabulary_refuses_molecules_with_other_symbols() -> None:
    corpus = tokenize_rows(rows_of("CO", "CN", "CS"), vocabulary=Vocabulary.from_symbols(["[C]", "[O]", "[S]"]))
    assert corpus.smiles == ("CO", "CS")
    assert corpus.report.refused == {"unknown_symbol": 1}
    assert "[N]" in corpus.rejections[0].detail


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"max_symbols": 5}, "too_many_symbols"), ({"elements": ("C", "H")}, "element"), ({"max_atoms": 5}, "too_large")],
)
def test_length_and_element_filters_are_settings_and_are_counted(settings: dict[str, object], code: str) -> None:
    corpus = tokenize_rows(rows_of("CCC", "CCCCCCO"), standardization=Standardization(**settings))  # type: ignore[arg-type]
    assert corpus.smiles == ("CCC",)
    assert corpus.report.refused == {code: 1}


def test_progress_adds_up_to_the_rows() -> None:
    steps: list[int] = []
    tokenize_rows(rows_of("C", "x", "O"), progress=steps.append)
    assert sum(steps) == 3


def test_what_is_kept_of_a_refused_text_is_short() -> None:
    corpus = tokenize_rows(rows_of("Q" * 900))
    assert len(corpus.rejections[0].text) == 200


def test_no_rows_are_an_empty_corpus() -> None:
    corpus = tokenize_rows([])
    assert (corpus.smiles, len(corpus.tokens), corpus.report.read) == ((), 0, 0)
