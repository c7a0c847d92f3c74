from __future__ import annotations

import io

import pytest

from molvae.datasets.delimited import choose_columns
from molvae.datasets.readers import read_rows
from molvae.datasets.rows import Row
from molvae.errors import DataError


def read(content: str, format: str = "csv", **settings: object) -> list[Row]:
    return list(read_rows(io.BytesIO(content.encode()), format=format, **settings))  # type: ignore[arg-type]


def codes(rows: list[Row]) -> list[tuple[int, str]]:
    return [(row.number, row.refusal.code) for row in rows if row.refusal is not None]


@pytest.mark.parametrize(
    ("header", "position", "name_position"),
    [
        ("smiles", 0, None),
        ("id,SMILES", 1, 0),
        ("Name,Canonical SMILES,smiles", 2, 0),
        ("mol,activity", 0, None),
        ("num,name,p_np,smiles", 3, 1),
        ("Compound ID,logS,smiles", 2, 0),
    ],
)
def test_the_column_is_found_by_its_name(header: str, position: int, name_position: int | None) -> None:
    assert choose_columns(header.split(","), "file.csv", None, None) == (position, name_position)


def test_a_named_column_is_taken_whatever_else_there_is() -> None:
    rows = read("smiles,product,label\nC,CCO,x\n", smiles_column="product", name_column="label")
    assert (rows[0].smiles, rows[0].name, dict(rows[0].fields)) == ("CCO", "x", {"smiles": "C", "label": "x"})
    assert read("a,Product\nC,CCO\n", smiles_column="product")[0].smiles == "CCO"


def test_a_named_column_that_is_not_there_is_refused_with_a_hint() -> None:
    with pytest.raises(DataError, match=r"no column 'prodcut', only 'smiles', 'product'; did you mean 'product'"):
        read("smiles,product\nC,O\n", smiles_column="prodcut")


def test_without_a_header_columns_have_numbers() -> None:
    rows = read("CCO,1\nC,2\n", header=False)
    assert [(row.number, row.smiles, dict(row.fields)) for row in rows] == [
        (1, "CCO", {"column_2": "1"}), (2, "C", {"column_2": "2"}),
    ]  # fmt: skip
    assert read("1,CCO\n", header=False, smiles_column="column_2", name_column="column_1")[0].name == "1"
    assert read("", header=False) == []


def test_a_nul_refuses_its_row_only() -> None:  # row 89
    assert codes(read("smiles,name\nCC\0O,x\nC,a\0b\nO,y\n")) == [(2, "bad_character"), (3, "bad_character")]


@pytest.mark.parametrize(
    "body",
    ['"CCO,1\nC,2\nO,3\n', 'C,1\n"CCO,2\n' + "C,1\n" * 50_000, 'CCO,"a\nC,2\nO,"b"\n', '"CC"O,1\nC,2\n'],
)
def test_a_quote_that_is_not_closed_is_named_with_its_line(body: str) -> None:  # row 90
    line = 3 if body.startswith("C,1") else 2
    with pytest.raises(DataError, match=f"line {line}: a quote opens there"):
        read("smiles,name\n" + body)


def test_a_quote_inside_a_cell_and_a_line_break_inside_quotes_are_data() -> None:
    rows = read('smiles,name\n"CCO\n",5" pipe\nC,"say ""x"", twice"\nO,"two\nlines"\nN,last\n')
    assert [(row.number, row.smiles, row.name) for row in rows] == [
        (2, "CCO\n", '5" pipe'), (4, "C", 'say "x", twice'), (5, "O", "two\nlines"), (7, "N", "last"),
    ]  # fmt: skip


def test_an_overlong_cell_refuses_its_row_and_the_file_goes_on() -> None:  # row 91
    rows = read(f"smiles,name\nC,{'x' * 200_000}\nO,y\n")
    assert codes(rows) == [(2, "too_long")]
    assert rows[1].smiles == "O"
    with pytest.raises(DataError, match="line 2: a quote opens there and is not closed within"):
        read(f'smiles,name\nC,"{"x" * 9_000}\n{"y" * 2_000}"\nO,z\n')


def test_ragged_rows_are_refused_with_their_number() -> None:  # row 92
    rows = read("smiles,name\nC\nC,1,2\nC,1,,\nO,x\n")
    assert codes(rows) == [(2, "wrong_format"), (3, "wrong_format")]
    assert [row.smiles for row in rows[2:]] == ["C", "O"]


def test_a_missing_header_is_named_where_the_first_cell_is_a_molecule() -> None:  # row 93
    with pytest.raises(DataError, match=r"no column 'smiles'.*'CCO' is a molecule.*--no-header"):
        read("CCO,1\nC,2\n")
    with pytest.raises(DataError, match=r"no column 'smiles'.*name the column"):
        read("compound,value\nC,2\n")


def test_two_columns_of_smiles_are_refused() -> None:  # row 94
    with pytest.raises(DataError, match="2 columns 'smiles'"):
        read("smiles,smiles\nC,O\n")
    with pytest.raises(DataError, match="2 columns"):
        read("a,a\nC,O\n", smiles_column="a")


def test_other_columns_of_one_name_keep_both_values() -> None:
    assert dict(read("smiles,x,x\nC,1,2\n")[0].fields) == {"x": "1", "x_2": "2"}


@pytest.mark.parametrize(
    ("content", "format", "word"),
    [("smiles;id\nC;1\n", "csv", "semicolons"), ("smiles\tid\nC\t1\n", "csv", "tabs"),
     ("smiles,id\nC,1\n", "tsv", "commas")],
)  # fmt: skip
def test_another_delimiter_is_named(content: str, format: str, word: str) -> None:  # row 95
    with pytest.raises(DataError, match=word):
        read(content, format)


def test_a_delimiter_that_is_given_is_used() -> None:
    assert read("smiles;id\nC;1\n", delimiter=";")[0].name == "1"
    with pytest.raises(DataError, match="delimiter must be one character"):
        read("smiles;id\nC;1\n", delimiter=";;")


def test_an_empty_table_is_a_data_error_and_a_header_alone_has_no_rows() -> None:
    with pytest.raises(DataError, match="empty"):
        read("")
    assert read("smiles,name\n") == []


def test_the_guard_against_formulas_is_taken_off() -> None:
    row = read("smiles,name,note\nC,'=1+1,''=x\n")[0]
    assert (row.name, row.fields["note"]) == ("=1+1", "'=x")
    assert read("smiles,name\nC,'quoted'\n")[0].name == "'quoted'"


@pytest.mark.parametrize("header", [True, False])
def test_blank_lines_above_a_table_are_no_rows_and_lines_keep_their_numbers(header: bool) -> None:
    (row,) = read("\n\nsmiles,name\nCCO,ethanol\n" if header else "\n\nCCO,ethanol\n", header=header)
    assert (row.smiles, row.number) == ("CCO", 4 if header else 3)
