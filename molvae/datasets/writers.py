"""Files of molecules and tables, written whole or not at all: .smi, CSV, TSV, SDF, Parquet, each by its suffix."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import IO, BinaryIO, cast

from molvae.datasets.files import atomic_path
from molvae.datasets.readers import Format, file_format
from molvae.errors import DataError, MissingExtraError

# OWASP ASVS 1.2.10: a spreadsheet runs a cell that begins so; reading takes the quote off again
_FORMULA = re.compile(r"'*[=+\-@\t]")
_CARRIAGE_RETURN = re.compile(r"\r\n?")  # becomes LF: csv would write it without quotes
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # no text needs them, terminals obey them
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_PARQUET_ROWS = 8_192

Values = Mapping[str, object]


def write_rows(
    target: Path | str | BinaryIO,
    rows: Iterable[Values],
    *,
    columns: Sequence[str] | None = None,
    smiles_column: str = "smiles",
    format: Format | None = None,
) -> int:
    r"""Write rows to a file (atomically, packed if it ends in `.gz`) or a binary stream; return how many there were.

    `columns` are the keys to write, those of the first row by default. `.smi` and SDF take the molecule from
    `smiles_column` and the name from `name`. None is written as an empty cell. In CSV and TSV a text that a
    spreadsheet would run as a formula gets a `'` before it, in every column: no SMILES begins so, but a refused text
    that stands in its place may. Numbers stay numbers.

    Raises:
        DataError: a suffix that names no format, or a molecule missing where the format needs one.
        MissingExtraError: Parquet without pyarrow.

    >>> stream = io.BytesIO()
    >>> write_rows(stream, [{"smiles": "CCO", "name": "=1+1", "logp": -0.001}], format="csv")
    1
    >>> stream.getvalue()
    b"smiles,name,logp\nCCO,'=1+1,-0.001\n"
    """
    chosen = format or (file_format(target) if isinstance(target, Path | str) else "csv")
    remaining = iter(rows)
    first = list(islice(remaining, 1))
    names = list(columns) if columns is not None else list(first[0]) if first else [smiles_column]
    counted = _Counted(chain(first, remaining))
    with ExitStack() as stack:
        stream: IO[bytes]
        if isinstance(target, Path | str):
            temporary = stack.enter_context(atomic_path(target))
            stream = stack.enter_context(open(temporary, "wb"))
            if str(target).lower().endswith(".gz"):
                # no name and no time in the header: the same rows give the same bytes
                packed = stack.enter_context(gzip.GzipFile("", "wb", fileobj=stream, mtime=0))
                stream = cast(IO[bytes], packed)
        else:
            stream = target
        _WRITERS[chosen](stream, counted, names, smiles_column)
    return counted.count


class _Counted:
    def __init__(self, rows: Iterable[Values]) -> None:
        self._rows = iter(rows)
        self.count = 0

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> Values:
        row = next(self._rows)
        self.count += 1
        return row


def _write_smi(stream: IO[bytes], rows: Iterable[Values], columns: Sequence[str], smiles_column: str) -> None:
    for row in rows:
        name = _LINE_BREAKS.sub(" ", str(row.get("name") or "")).strip()
        stream.write(f"{_smiles_of(row, smiles_column)}{' ' if name else ''}{name}\n".encode())


def _smiles_of(row: Values, smiles_column: str) -> str:
    smiles = row.get(smiles_column)
    if not isinstance(smiles, str):
        raise DataError(f"this format holds molecules only, and a row has none in {smiles_column!r}: write CSV")
    return smiles


def _write_delimited(delimiter: str) -> Callable[[IO[bytes], Iterable[Values], Sequence[str], str], None]:
    def write(stream: IO[bytes], rows: Iterable[Values], columns: Sequence[str], smiles_column: str) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerow([_cell(column) for column in columns])
        for row in rows:
            writer.writerow([_cell(row.get(column)) for column in columns])
        text.detach()  # the stream belongs to the caller

    return write


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    value = _CONTROL.sub("", _CARRIAGE_RETURN.sub("\n", value))
    return f"'{value}" if _FORMULA.match(value) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _write_sdf(stream: IO[bytes], rows: Iterable[Values], columns: Sequence[str], smiles_column: str) -> None:
    from molvae.chem.sdf import sdf_record  # late: only SDF needs RDKit to be written

    for row in rows:
        properties = {column: row.get(column) for column in columns if column not in (smiles_column, "name")}
        name = _LINE_BREAKS.sub(" ", str(row.get("name") or ""))
        stream.write(sdf_record(_smiles_of(row, smiles_column), name, properties).encode())


def _write_parquet(stream: IO[bytes], rows: Iterable[Values], columns: Sequence[str], smiles_column: str) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as err:
        raise MissingExtraError("pyarrow", "scale") from err
    remaining = iter(rows)

    def batch() -> dict[str, list[object]]:
        taken = list(islice(remaining, _PARQUET_ROWS))
        return {column: [row.get(column) for row in taken] for column in columns}

    table = pyarrow.table(batch())
    with parquet.ParquetWriter(stream, table.schema) as writer:  # the first rows decide the types
        while len(table):
            writer.write_table(table)
            table = pyarrow.table(batch(), schema=table.schema)


_WRITERS = {
    "smi": _write_smi,
    "csv": _write_delimited(","),
    "tsv": _write_delimited("\t"),
    "sdf": _write_sdf,
    "parquet": _write_parquet,
}
