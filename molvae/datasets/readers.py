"""Files of molecules, row by row: .smi and .txt, CSV and TSV, SDF, Parquet, each plain or gzip, in flat memory.

A reader judges files, the gate in `molvae.chem` judges molecules. Rows stay aligned: a row that cannot be read is
there with its reason. What makes the whole file doubtful is a `DataError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from molvae.chem.reasons import Reason
from molvae.datasets.delimited import choose_columns, read_delimited
from molvae.datasets.rows import Row
from molvae.datasets.streams import MAX_LINE, Lines, open_binary, translated_errors
from molvae.errors import DataError, MissingExtraError, MoleculeError

Format = Literal["smi", "csv", "tsv", "sdf", "parquet"]
_SUFFIXES: dict[str, Format] = {
    ".smi": "smi", ".smiles": "smi", ".ism": "smi", ".txt": "smi", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".sdf": "sdf", ".sd": "sdf", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_HEADER_WORDS = {"smiles", "canonical_smiles", "isomeric_smiles"}  # none of them is SMILES
_PARQUET_BATCH = 8_192  # rows


@dataclass(frozen=True, slots=True)
class Source:
    """A file of molecules and how to read it; what is None is found out."""

    path: Path
    format: Format | None = None
    smiles_column: str | None = None
    name_column: str | None = None
    header: bool = True
    delimiter: str | None = None
    label: str | None = None  # what a shard calls these molecules; None: the name of the file

    @property
    def name(self) -> str:
        """What reports and shards call this file."""
        return self.label or self.path.name

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the file; see `read_rows`."""
        return read_rows(
            self.path,
            format=self.format,
            smiles_column=self.smiles_column,
            name_column=self.name_column,
            header=self.header,
            delimiter=self.delimiter,
        )


def file_format(path: Path | str) -> Format:
    """Return the format that the suffix of a file names, `.gz` aside.

    Raises:
        DataError: another suffix.

    >>> file_format("library.csv.gz")
    'csv'
    """
    path = Path(path)
    suffix = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    try:
        return _SUFFIXES[suffix.lower()]
    except KeyError:
        raise DataError(
            f"{path} has no suffix that names a format of molecules ({', '.join(_SUFFIXES)}, each also with .gz)"
            + _no_file_hint(path)
        ) from None


def _no_file_hint(path: Path) -> str:
    from molvae.chem.molecule import read_molecule  # late: only this hint needs RDKit

    if path.is_dir():
        return "; it is a folder"
    try:
        read_molecule(str(path))
    except MoleculeError:
        return ""
    return f"; it is a molecule, which - takes from standard input: echo '{path}' | molvae ... -"


def read_rows(
    source: Path | str | BinaryIO,
    *,
    format: Format | None = None,
    smiles_column: str | None = None,
    name_column: str | None = None,
    header: bool = True,
    delimiter: str | None = None,
) -> Iterator[Row]:
    r"""Yield the rows of a file or binary stream, in order; a stream without `format` is read as `smi`.

    `header`, `delimiter` and the columns are for CSV, TSV and Parquet. Without a header, columns are called
    `column_1`, `column_2`, …, and the first holds the SMILES.

    Raises:
        DataError: no such file, not text, damaged, cut off, no or two SMILES columns, another delimiter, a quote that
            is never closed. Rows that came before do not make a complete file.
        MissingExtraError: Parquet without pyarrow.

    >>> import io
    >>> [(row.smiles, row.name) for row in read_rows(io.BytesIO(b"CCO ethanol\nC methane\n"))]
    [('CCO', 'ethanol'), ('C', 'methane')]
    """
    chosen = format or (file_format(source) if isinstance(source, Path | str) else "smi")
    if chosen not in get_args(Format):
        raise DataError(f"format must be one of {', '.join(get_args(Format))}, got {chosen!r}")
    with ExitStack() as stack:
        if isinstance(source, Path | str):
            name = Path(source).name
            try:
                raw: BinaryIO = stack.enter_context(open(source, "rb"))
            except OSError as err:
                raise DataError(f"{source} cannot be read: {err.strerror}") from err
        else:
            name, raw = "the input", source
        if chosen == "parquet":
            yield from _read_parquet(raw, name, smiles_column, name_column)
            return
        stream = open_binary(raw, name)
        if chosen == "smi":
            yield from _without_blank_end(_read_smi(Lines(stream, name)))
        elif chosen == "sdf":
            yield from _read_sdf(stream, name)
        else:
            yield from _without_blank_end(
                read_delimited(
                    Lines(stream, name),
                    name,
                    delimiter=delimiter or ("," if chosen == "csv" else "\t"),
                    header=header,
                    smiles_column=smiles_column,
                    name_column=name_column,
                )
            )


def _without_blank_end(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows without the blank lines at the end of a file; those between rows stay, for alignment."""
    blank: list[Row] = []
    for row in rows:
        if row.refusal is not None and row.refusal.code == Reason.EMPTY:
            blank.append(row)
            continue
        yield from blank
        blank.clear()
        yield row


def _read_smi(lines: Lines) -> Iterator[Row]:
    for line in lines:
        number = lines.number
        if lines.overlong:
            detail = f"a line of more than {MAX_LINE:,} characters"
            yield Row(number, None, refusal=MoleculeError(Reason.TOO_LONG, detail))
            continue
        text = line.strip(" \t\r\n")
        if not text:
            yield Row(number, None, refusal=MoleculeError(Reason.EMPTY, "a blank line"))
            continue
        smiles, name = _split_smi(text)
        if number == 1 and smiles.lower() in _HEADER_WORDS:
            continue
        yield Row(number, smiles, name)


def _split_smi(text: str) -> tuple[str, str]:
    smiles, _, name = re.sub(r"[ \t]+", " ", text, count=1).partition(" ")
    if name.startswith("|"):  # CXSMILES: radicals, stereo and more, which the gate refuses rather than loses
        return text, ""
    return smiles, name


def _read_sdf(stream: BinaryIO, name: str) -> Iterator[Row]:
    from molvae.chem.sdf import iterate_sdf  # late: only SDF needs RDKit to be read

    with translated_errors(name):
        for number, record in enumerate(iterate_sdf(stream), start=1):
            yield Row(number, record.smiles, record.name, dict(record.properties), record.refusal)


def _read_parquet(raw: BinaryIO, name: str, smiles_column: str | None, name_column: str | None) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as err:
        raise MissingExtraError("pyarrow", "scale") from err
    try:
        table = parquet.ParquetFile(raw)
        columns = list(table.schema_arrow.names)
        smiles_at, name_at = choose_columns(columns, name, smiles_column, name_column)
        number = 0
        for batch in table.iter_batches(batch_size=_PARQUET_BATCH):
            cells = [column.to_pylist() for column in batch.columns]
            for values in zip(*cells, strict=True):
                number += 1
                yield _parquet_row(number, values, columns, smiles_at, name_at)
    except (pyarrow.ArrowException, OSError, ValueError) as err:
        if isinstance(err, DataError):
            raise
        raise DataError(f"{name} cannot be read as Parquet: {err}") from err


def _parquet_row(
    number: int, values: tuple[object, ...], columns: list[str], smiles_at: int, name_at: int | None
) -> Row:
    texts = ["" if value is None else str(value) for value in values]
    smiles = values[smiles_at]
    fields = {column: text for at, (column, text) in enumerate(zip(columns, texts, strict=True)) if at != smiles_at}
    name = "" if name_at is None else texts[name_at]
    if smiles is None:
        return Row(number, None, name, fields, MoleculeError(Reason.EMPTY, "the cell is null"))
    if not isinstance(smiles, str):
        detail = f"the SMILES cell holds a {type(smiles).__name__}, not text"
        return Row(number, None, name, fields, MoleculeError(Reason.TYPE, detail))
    return Row(number, smiles, name, fields)
