from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from molvae.datasets.readers import Source, file_format, read_rows
from molvae.datasets.rows import Row
from molvae.errors import DataError, MissingExtraError


def read(content: bytes | str, format: str = "smi", **settings: object) -> list[Row]:
    data = content.encode() if isinstance(content, str) else content
    return list(read_rows(io.BytesIO(data), format=format, **settings))  # type: ignore[arg-type]


def brief(rows: list[Row]) -> list[tuple[int, str | None, str, str | None]]:
    return [(row.number, row.smiles, row.name, row.refusal.code if row.refusal else None) for row in rows]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.smi", "smi"), ("a.txt.gz", "smi"), ("a.b.CSV", "csv"), ("a.tsv.GZ", "tsv"), ("a.sdf", "sdf"),
     ("a.parquet", "parquet")],
)  # fmt: skip
def test_the_suffix_names_the_format(name: str, expected: str) -> None:
    assert file_format(Path("folder.csv") / name) == expected


@pytest.mark.parametrize("name", ["a", "a.xlsx", "a.gz", "smi"])
def test_another_suffix_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="suffix"):
        file_format(name)


def test_smi_holds_smiles_and_the_rest_of_the_line_as_name() -> None:
    content = "CCO ethanol\nC\tmethane, a gas\n  O  water \nN\n"
    expected = [(1, "CCO", "ethanol"), (2, "C", "methane, a gas"), (3, "O", "water"), (4, "N", "")]
    assert [(row.number, row.smiles, row.name) for row in read(content)] == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("format", ["smi", "csv"])
def test_every_line_end_gives_the_same_rows(end: str, format: str) -> None:  # row 88
    lines = ["smiles,name", "CCO,ethanol", "C,methane"] if format == "csv" else ["CCO ethanol", "C methane"]
    assert read(end.join(lines) + end, format) == read("\n".join(lines), format)
    assert [row.smiles for row in read(end.join(lines), format)] == ["CCO", "C"]


def test_a_header_of_smi_is_no_molecule() -> None:
    assert [row.smiles for row in read("SMILES Name\nCCO ethanol\n")] == ["CCO"]


def test_cxsmiles_stay_whole_so_that_the_gate_refuses_them() -> None:  # rows 34-36
    assert read("C[C@H](F)Cl |&1:1| racemate\n")[0].smiles == "C[C@H](F)Cl |&1:1| racemate"


def test_blank_lines_between_rows_are_rows_and_at_the_end_are_not() -> None:
    assert brief(read("C\n\nO\n\n \n")) == [(1, "C", "", None), (2, None, "", "empty"), (3, "O", "", None)]
    assert [row.number for row in read("smiles,x\nC,1\n\nO,2\n\n\n", "csv")] == [2, 3, 4]


def test_an_overlong_line_is_one_refused_row() -> None:  # row 91
    content = "C\n" + "C" * 10_001 + "\n" + "N" * 300_000 + "\r\nO\n" + "C" * 9_999 + "\n"
    assert [(number, code) for number, _, _, code in brief(read(content))] == [
        (1, None), (2, "too_long"), (3, "too_long"), (4, None), (5, None),
    ]  # fmt: skip


def test_a_byte_order_mark_is_not_part_of_the_first_cell() -> None:  # row 86
    assert read(b"\xef\xbb\xbfCCO ethanol\n")[0].smiles == "CCO"
    assert read(b"\xef\xbb\xbfsmiles,name\nCCO,ethanol\n", "csv")[0].smiles == "CCO"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_is_named_with_its_byte(encoding: str) -> None:  # row 87
    content = ("\ufeff" if encoding == "utf-16-le" else "") + "smiles,name\nCCO,éthanol\n"
    with pytest.raises(DataError, match=r"UTF-(16|8) text.*byte 0x(ff|e9)"):
        read(content.encode(encoding), "csv")


def test_a_line_separator_of_unicode_does_not_split_a_row() -> None:  # row 96
    for content, format in (("CCO a\u2028b\x85c\n", "smi"), ("smiles,name\nCCO,a\u2028b\x85c\n", "csv")):
        assert [row.name for row in read(content, format)] == ["a\u2028b\x85c"]


@given(
    st.lists(
        st.tuples(
            st.text("CNOclnos=#()[]@+-123", min_size=1, max_size=20),
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), max_size=20),
        ),
        max_size=20,
    )
)
def test_reading_keeps_rows_and_their_order_packed_or_not(rows: list[tuple[str, str]]) -> None:
    content = "".join(f"{smiles}\t{name}\n" for smiles, name in rows).encode()
    expected = [(number, smiles, name) for number, (smiles, name) in enumerate(rows, start=1)]
    for data in (content, gzip.compress(content)):
        found = [(row.number, row.smiles, row.name) for row in read(data)]
        assert found == [row for row in expected if (row[0], row[1].lower()) != (1, "smiles")]


@given(st.binary(max_size=300))
@example(b"\n")
def test_whatever_the_bytes_there_are_rows_or_a_data_error(content: bytes) -> None:
    for format in ("smi", "csv", "tsv", "sdf", "parquet"):
        for data in (content, gzip.compress(content), b"smiles,id\n" + content):
            try:
                rows = read(data, format)
            except DataError:
                continue
            assert all(isinstance(row.smiles, str) or row.refusal is not None for row in rows)


def test_sdf_gives_names_properties_and_refusals(tmp_path: Path) -> None:
    from molvae.chem.sdf import sdf_record

    records = [sdf_record("CCO", "ethanol", {"logp": -0.1}), "broken\n\n\n$$$$\n", sdf_record("C[C@H](N)O", "", {})]
    path = tmp_path / "molecules.sdf.gz"
    path.write_bytes(gzip.compress("".join(records).encode()))
    first, second, third = read_rows(path)
    assert (first.number, first.smiles, first.name, dict(first.fields)) == (1, "CCO", "ethanol", {"logp": "-0.1"})
    assert (second.number, second.smiles) == (2, None)
    assert second.refusal is not None
    assert third.smiles == "C[C@H](N)O"


def test_parquet_gives_rows_with_their_fields(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "molecules.parquet"
    table = pyarrow.table({"id": ["a", None, "c"], "SMILES": ["CCO", None, "C"], "logp": [-0.1, 2.0, None]})
    parquet.write_table(table, path)
    assert brief(list(read_rows(path))) == [(1, "CCO", "a", None), (2, None, "", "empty"), (3, "C", "c", None)]
    assert [row.fields["logp"] for row in read_rows(path)] == ["-0.1", "2.0", ""]
    assert [row.smiles for row in read_rows(path, smiles_column="id")] == ["a", None, "c"]
    numbers = [row.refusal.code for row in read_rows(path, smiles_column="logp") if row.refusal]
    assert numbers == ["type", "type", "empty"]
    with pytest.raises(DataError, match="no column 'structures'"):
        list(read_rows(path, smiles_column="structures"))


def test_parquet_without_its_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"molvae\[scale\]"):
        read(b"PAR1", "parquet")


def test_a_file_that_is_not_there_is_a_data_error(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.smi", tmp_path):
        with pytest.raises(DataError, match=r"cannot be read|suffix"):
            list(read_rows(path))


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(DataError, match="format must be one of"):
        read("CCO\n", "xyz")


def test_a_stream_stays_open_for_its_owner() -> None:
    for content in (b"CCO\n", gzip.compress(b"CCO\n")):
        stream = io.BytesIO(content)
        assert len(list(read_rows(stream))) == 1
        assert not stream.closed


def test_reading_is_lazy_and_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "many.smi"
    path.write_text("C\n" * 100_000)
    rows = read_rows(path)
    assert next(rows).smiles == "C"
    rows.close()  # type: ignore[attr-defined]


def test_a_source_remembers_how_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("CCO;ethanol\nC;methane\n")
    source = Source(path, header=False, delimiter=";", name_column="column_2")
    assert [(row.smiles, row.name) for row in source.rows()] == [("CCO", "ethanol"), ("C", "methane")]
