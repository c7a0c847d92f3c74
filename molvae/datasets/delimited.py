"""CSV and TSV: quoting, headers and the column that holds the SMILES."""

from __future__ import annotations

import csv
import difflib
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from molvae.chem.reasons import Reason
from molvae.datasets.rows import Row
from molvae.datasets.streams import MAX_LINE, Lines
from molvae.errors import DataError, MoleculeError

_logger = logging.getLogger(__name__)

# in order of preference, compared without case, blanks and underscores
_SMILES_NAMES = ("smiles", "canonicalsmiles", "isomericsmiles", "smi", "smile", "structure", "mol", "molecule")
_NAME_NAMES = ("name", "id", "compoundid", "moleculeid", "title", "chemblid", "moleculechemblid", "zincid")
_GUARDED = re.compile(r"'+[=+\-@\t]")  # what `writers` puts before a text that a spreadsheet would run


def read_delimited(
    lines: Lines,
    source: str,
    *,
    delimiter: str,
    header: bool,
    smiles_column: str | None,
    name_column: str | None,
) -> Iterator[Row]:
    """Yield the rows of a delimited file; `source` is its name in errors. See `readers.read_rows`."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise DataError(f"delimiter must be one character, and no quote or line end, got {delimiter!r}")
    records = _Records(lines, source, delimiter)
    first = next((record for record in records if record.cells != []), None)  # blank lines above a table are no rows
    if first is None:
        if header:
            raise DataError(f"{source} is empty: a table needs a header with a column of SMILES")
        return
    if isinstance(first.cells, MoleculeError):
        raise DataError(f"{source}, line {first.number}: {first.cells.detail}, where the header should be")
    _check_delimiter(first.cells, source, delimiter)
    if header:
        columns = _distinct(first.cells)
        smiles_at, name_at = choose_columns(first.cells, source, smiles_column, name_column)
    else:
        columns = [f"column_{position}" for position in range(1, len(first.cells) + 1)]
        smiles_at, name_at = choose_columns(columns, source, smiles_column or "column_1", name_column)
        yield _row(first, columns, smiles_at, name_at)
    for record in records:
        yield _row(record, columns, smiles_at, name_at)


class _Record:
    __slots__ = ("cells", "number")

    def __init__(self, number: int, cells: list[str] | MoleculeError) -> None:
        self.number = number  # the line where it starts
        self.cells = cells


class _Records:
    """Records of a delimited file with the line each starts at; a line that cannot be parsed is one refused record."""

    def __init__(self, lines: Lines, source: str, delimiter: str) -> None:
        self._lines = lines
        self._source = source
        self._start = 0
        self._size = 0
        self._refusal: MoleculeError | None = None
        self._reader = csv.reader(self._feed(), delimiter=delimiter, strict=True)

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> _Record:
        self._start, self._size, self._refusal = 0, 0, None
        try:
            cells = next(self._reader)
        except csv.Error as err:
            raise DataError(
                f"{self._source}, line {self._start}: a quote opens there and is not closed as it should be ({err})"
            ) from err
        return _Record(self._start, self._refusal or cells)

    def _feed(self) -> Iterator[str]:
        for line in self._lines:
            if not self._start:
                self._start = self._lines.number
            self._size += len(line)
            if self._lines.overlong or self._size > MAX_LINE:
                if self._lines.number > self._start:
                    raise DataError(
                        f"{self._source}, line {self._start}: a quote opens there and is not closed within "
                        f"{MAX_LINE:,} characters"
                    )
                detail = f"a line of more than {MAX_LINE:,} characters"
                self._refusal = MoleculeError(Reason.TOO_LONG, detail)
                line = "\n"
            elif "\0" in line:
                self._refusal = MoleculeError(Reason.BAD_CHARACTER, "a NUL character in the line")
                line = line.replace("\0", "")
            yield line


def _row(record: _Record, columns: list[str], smiles_at: int, name_at: int | None) -> Row:
    cells = record.cells
    if isinstance(cells, MoleculeError):
        return Row(record.number, None, refusal=cells)
    if len(cells) != len(columns):
        if not cells or cells == [""]:
            return Row(record.number, None, refusal=MoleculeError(Reason.EMPTY, "a blank line"))
        if len(cells) < len(columns) or any(cells[len(columns) :]):  # empty cells at the end are harmless
            detail = f"the row has {len(cells)} cells, the header {len(columns)}"
            return Row(record.number, None, refusal=MoleculeError(Reason.WRONG_FORMAT, detail))
    fields = {column: _unguarded(cell) for column, cell in zip(columns, cells, strict=False)}
    smiles = _unguarded(cells[smiles_at])
    del fields[columns[smiles_at]]
    name = "" if name_at is None else _unguarded(cells[name_at])
    if not smiles.strip():
        refusal = MoleculeError(Reason.EMPTY, "the SMILES cell is empty")
        return Row(record.number, smiles, name, fields, None if len(columns) > 1 else refusal)
    return Row(record.number, smiles, name, fields)


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell


def choose_columns(
    columns: Sequence[str], source: str, smiles_column: str | None, name_column: str | None
) -> tuple[int, int | None]:
    """Return the positions of the SMILES and, if there is one, the name column; asked-for columns must be there.

    Raises:
        DataError: no such column, or more than one.

    >>> choose_columns(["ID", "Canonical SMILES"], "library.csv", None, None)
    (1, 0)
    """
    if smiles_column is not None:
        smiles_at = _asked(columns, smiles_column, source)
    else:
        found = _known(columns, _SMILES_NAMES, source)
        if found is None:
            raise DataError(_no_column(columns, source))
        smiles_at = found
    if name_column is not None:
        name_at: int | None = _asked(columns, name_column, source)
    else:
        name_at = _known(columns, _NAME_NAMES, None)
    if smiles_column is None:
        names = "" if name_at is None else f", names from {columns[name_at]!r}"
        _logger.info("%s: SMILES from the column %r%s", source, columns[smiles_at], names)
    return smiles_at, name_at


def _asked(columns: Sequence[str], wanted: str, source: str) -> int:
    for key in (str, _plain):
        at = [position for position, column in enumerate(columns) if key(column) == key(wanted)]
        if len(at) > 1:
            raise DataError(f"{source} has {len(at)} columns {wanted!r}: rename one")
        if at:
            return at[0]
    near = difflib.get_close_matches(wanted, columns, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise DataError(f"{source} has no column {wanted!r}, only {_listed(columns)}{hint}")


def _known(columns: Sequence[str], names: Sequence[str], source: str | None) -> int | None:
    plain = [_plain(column) for column in columns]
    for name in names:
        at = [position for position, column in enumerate(plain) if column == name]
        if len(at) > 1 and source is not None:
            raise DataError(f"{source} has {len(at)} columns {columns[at[0]]!r}: name one, or rename one")
        if at:
            return at[0]
    return None


def _no_column(columns: Sequence[str], source: str) -> str:
    from molvae.chem.molecule import read_molecule  # late: only this hint needs RDKit

    message = f"{source} has no column 'smiles', only {_listed(columns)}"
    for cell in columns:
        try:
            read_molecule(cell)
        except MoleculeError:
            continue
        return f"{message}; {cell[:40]!r} is a molecule: if the file has no header, say so (--no-header)"
    return f"{message}; name the column that holds the SMILES (--smiles-column)"


def _check_delimiter(cells: list[str], source: str, delimiter: str) -> None:
    if len(cells) > 1:
        return
    for other, word in (("\t", "tabs"), (";", "semicolons"), (",", "commas")):
        if other != delimiter and other in cells[0]:
            option = "--format tsv" if other == "\t" else f"--delimiter '{other}'"
            raise DataError(
                f"{source} is separated by {word}, but was read with {delimiter!r}: give that delimiter ({option})"
            )


def _distinct(columns: list[str]) -> list[str]:
    """Return the column names with repeated ones numbered, so that no cell overwrites another."""
    seen: Counter[str] = Counter()
    names = []
    for column in columns:
        seen[column] += 1
        names.append(column if seen[column] == 1 else f"{column}_{seen[column]}")
    return names


def _plain(column: str) -> str:
    return re.sub(r"[\s_\-]", "", column).lower()


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(repr(column[:40]) for column in columns[:10])
    return shown + (f" and {len(columns) - 10} more" if len(columns) > 10 else "")
