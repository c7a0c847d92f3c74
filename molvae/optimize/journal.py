"""The record of every call of an objective: an SQLite file that only grows, and survives a kill at any moment."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from molvae.errors import ObjectiveError

_APPLICATION = 0x6D6F6C76  # "molv": marks the file as ours
_VERSION = 1
_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE calls (
    number INTEGER PRIMARY KEY, smiles TEXT NOT NULL UNIQUE, score REAL, "values" TEXT NOT NULL, failure TEXT NOT NULL,
    arm TEXT NOT NULL, parents TEXT NOT NULL, model_hash TEXT NOT NULL, time REAL NOT NULL, seconds REAL NOT NULL,
    attempts INTEGER NOT NULL
);
CREATE TRIGGER calls_stay BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
CREATE TRIGGER calls_remain BEFORE DELETE ON calls BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as it is recorded."""

    number: int  # of the call, from 1; with several processes not always the order in which they ended
    smiles: str  # canonical
    score: float  # more is better; NaN where it failed
    values: Mapping[str, float]  # what the function returned
    failure: str  # why there is no score, '' where there is one
    arm: str  # what proposed the molecule
    parents: tuple[str, ...]  # what it was made from, as SMILES
    model_hash: str  # of the model that made it
    time: float  # when the call ended, in seconds since 1970
    seconds: float  # how long it took
    attempts: int


_COLUMNS = [field.name for field in fields(Call)]
_QUOTED = ", ".join(f'"{name}"' for name in _COLUMNS)  # VALUES is a word of SQL
_INSERT = f"INSERT INTO calls ({_QUOTED}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_SELECT = f"SELECT {_QUOTED} FROM calls ORDER BY number"


class Journal:
    """The journal of one objective, open for writing; only one program at a time can have it so."""

    def __init__(self, path: Path | str | None, about: Mapping[str, object]) -> None:
        """Open the file, or begin it; None keeps the record in memory.

        Args:
            path: the file.
            about: what identifies the objective, as JSON; a journal of another one is refused.

        Raises:
            ObjectiveError: the file holds something else, belongs to another objective, or another program writes it.
        """
        self._name = "the journal" if path is None else str(path)
        self._lock = None if path is None else _locked(Path(path))
        with ExitStack() as undo, _translated(self._name):
            if self._lock is not None:
                undo.callback(self._lock.close)
            # One connection for all threads: the objective lets in one at a time.
            self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            undo.callback(self._database.close)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")  # a power cut loses nothing either
            self._begin(about)
            undo.pop_all()

    def _begin(self, about: Mapping[str, object]) -> None:
        texts = {name: json.dumps(value, sort_keys=True) for name, value in about.items()}
        if not _is_journal(self._database, self._name):
            with self._transaction():
                for statement in _SCHEMA.split(";\n"):
                    self._database.execute(statement)
                self._database.executemany("INSERT INTO about VALUES (?, ?)", texts.items())
            return
        found = dict(self._database.execute("SELECT name, value FROM about"))
        for name in texts | found:
            if texts.get(name) != found.get(name):
                raise ObjectiveError(
                    f"{self._name} is the journal of another objective: its {name} is {found.get(name)}, here it is"
                    f" {texts.get(name)}; go on with the same settings, or name another file"
                )

    def calls(self) -> list[Call]:
        """Return all calls, in the order of their numbers.

        Raises:
            ObjectiveError: the file is damaged.
        """
        with _translated(self._name):
            return list(_read(self._database))

    def append(self, calls: Iterable[Call]) -> None:
        """Record calls, all or none of them; they are on the disk when this returns.

        Raises:
            ObjectiveError: the file cannot be written.
        """
        with _translated(self._name), self._transaction():
            self._database.executemany(_INSERT, map(_row, calls))

    def close(self) -> None:
        """Close the file, so that another program can write it."""
        self._database.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as err:
        if isinstance(err, ObjectiveError):
            raise
        raise ObjectiveError(f"{name} cannot be read or written: {err}") from err


def read_journal(path: Path | str) -> list[Call]:
    """Return the calls in a journal, in the order of their numbers, also while another program writes it.

    Raises:
        ObjectiveError: no such file, not a journal, or damaged.
    """
    if not Path(path).is_file():
        raise ObjectiveError(f"there is no journal {path}")
    with _translated(str(path)), closing(sqlite3.connect(path)) as database:
        return list(_read(database)) if _is_journal(database, str(path)) else []  # it may be only about to begin


def _is_journal(database: sqlite3.Connection, name: str) -> bool:
    """Tell whether there is a journal in the database; False if there is nothing."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION and tables:
        raise ObjectiveError(f"{name} is a database of another program, not a journal of molvae")
    if tables and version != _VERSION:
        raise ObjectiveError(f"{name} is a journal of version {version}, and this molvae reads version {_VERSION}")
    return bool(tables)


def _locked(path: Path) -> sqlite3.Connection:
    """Return a lock on the journal that the operating system takes back when this process ends, however it ends.

    Readers must not be shut out, so it is held on an empty database beside the journal.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.lock")
    with _translated(str(beside)):
        lock = sqlite3.connect(beside, isolation_level=None, timeout=0, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as err:
            lock.close()
            raise ObjectiveError(f"{path} cannot be written, another program or objective has it open ({err})") from err
    return lock


def _row(call: Call) -> list[Any]:
    cells = {name: getattr(call, name) for name in _COLUMNS}  # a score of NaN becomes NULL
    finite = {name: value if math.isfinite(value) else None for name, value in call.values.items()}  # JSON has no NaN
    cells |= {"values": json.dumps(finite), "parents": json.dumps(call.parents)}
    return list(cells.values())


def _read(database: sqlite3.Connection) -> Iterator[Call]:
    for number, smiles, score, values, failure, arm, parents, *rest in database.execute(_SELECT):
        read = {name: math.nan if value is None else value for name, value in json.loads(values).items()}
        nan = math.nan if score is None else score
        yield Call(number, smiles, nan, read, failure, arm, tuple(json.loads(parents)), *rest)
