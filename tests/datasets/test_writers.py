from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.datasets.readers import read_rows
from molvae.datasets.writers import write_rows
from molvae.errors import DataError

ROWS: list[dict[str, object]] = [
    {"smiles": "CCO", "name": "ethanol", "logp": -0.14},
    {"smiles": "C[C@H](N)C(=O)O", "name": "=1+1", "logp": 2.5},
    {"smiles": "C[NH3+]", "name": "", "logp": 1e-7},
]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".parquet", ".sdf", ".sdf.gz"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    assert write_rows(path, iter(ROWS)) == 3
    rows = list(read_rows(path))
    assert [(row.smiles, row.name) for row in rows] == [(row["smiles"], row["name"]) for row in ROWS]
    assert [float(row.fields["logp"]) for row in rows] == [row["logp"] for row in ROWS]


def test_smi_holds_smiles_and_name_on_one_line(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        *ROWS,
        {"smiles": "C", "name": "two\nlines\u2028and\x1b[31m color"},
        {"smiles": "O", "name": None},
    ]
    write_rows(tmp_path / "out.smi.gz", rows)
    read = [(row.smiles, row.name) for row in read_rows(tmp_path / "out.smi.gz")]
    assert read == [(row["smiles"], row["name"]) for row in ROWS] + [("C", "two lines and [31m color"), ("O", "")]


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+1a", "-x", "\tx", "\rx", "'=1", "''+x", "'quoted'", "plain"])
def test_no_text_is_a_formula_and_every_text_comes_back(name: str) -> None:  # T4
    stream = io.BytesIO()
    write_rows(stream, [{"smiles": "C", "name": name}], format="csv")
    cell = stream.getvalue().decode().split("\n", 1)[1].split(",", 1)[1].lstrip('"')
    assert cell[0] not in "=+-@\t\r"
    [row] = read_rows(io.BytesIO(stream.getvalue()), format="csv")
    assert row.name == name.replace("\r", "\n")


@pytest.mark.parametrize("value", [-1.5, "-1.5", "+3e-7", -2, "-inf"])
def test_numbers_stay_numbers(value: object) -> None:
    stream = io.BytesIO()
    write_rows(stream, [{"smiles": "C", "value": value}], format="csv")
    assert stream.getvalue().decode() == f"smiles,value\nC,{value}\n"


@given(st.lists(st.tuples(st.sampled_from(["C", "CCO", "[NH4+]"]), st.text(max_size=30)), max_size=10))
def test_any_name_comes_back_from_csv_with_plain_line_ends_and_no_control_characters(
    rows: list[tuple[str, str]],
) -> None:
    try:
        "".join(name for _, name in rows).encode()
    except UnicodeEncodeError:
        return
    stream = io.BytesIO()
    write_rows(stream, ({"smiles": smiles, "name": name} for smiles, name in rows), columns=("smiles", "name"),
               format="csv")  # fmt: skip
    read = [(row.smiles, row.name) for row in read_rows(io.BytesIO(stream.getvalue()), format="csv")]
    plain = [name.replace("\r\n", "\n").replace("\r", "\n") for _, name in rows]
    kept = ["".join(c for c in name if c in "\t\n" or not (c < " " or c == "\x7f")) for name in plain]
    assert read == [(smiles, name) for (smiles, _), name in zip(rows, kept, strict=True)]


def test_no_smiles_begins_like_a_formula(wehi_smiles: list[str]) -> None:
    from molvae.tokens import tokenize_many

    kept = [getattr(molecule, "smiles", "C") for molecule in tokenize_many(wehi_smiles[:500])]
    assert {smiles[0] for smiles in kept} <= set("BCNOPSFIbcnops[")


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "b.csv.gz"):
        write_rows(tmp_path / name, ROWS)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="write CSV"):
        write_rows(tmp_path / "out.smi", [{"smiles": "C"}, {"smiles": None}])
    with pytest.raises(DataError, match="suffix"):
        write_rows(tmp_path / "out.xlsx", ROWS)
    assert list(tmp_path.iterdir()) == []


def test_no_rows_are_a_file_with_a_header(tmp_path: Path) -> None:
    assert write_rows(tmp_path / "out.csv", [], columns=("smiles", "qed")) == 0
    assert (tmp_path / "out.csv").read_text() == "smiles,qed\n"
    write_rows(tmp_path / "out.parquet", [], columns=("smiles", "qed"))
    assert list(read_rows(tmp_path / "out.parquet")) == []


def test_missing_values_are_empty_cells(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.csv", [{"smiles": "C", "qed": 0.5}, {"smiles": None, "qed": None}])
    assert (tmp_path / "out.csv").read_text() == "smiles,qed\nC,0.5\n,\n"


def test_parquet_keeps_more_rows_than_one_batch(tmp_path: Path) -> None:
    count = write_rows(tmp_path / "out.parquet", ({"smiles": "C" * (1 + n % 7), "n": n} for n in range(20_000)))
    assert count == 20_000
    assert [int(row.fields["n"]) for row in read_rows(tmp_path / "out.parquet")] == list(range(20_000))
