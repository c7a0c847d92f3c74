"""The journal: what was written is read, it only grows, and no foreign file is taken for one."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from molvae.errors import ObjectiveError
from molvae.optimize.journal import Call, Journal, read_journal

ABOUT = {"objective": "qed", "goals": "..."}
CALL = Call(1, "CCO", 0.5, {"qed": 0.5}, "", "prior", ("CC", "CO"), "abc", 1.7e9, 0.25, 1)
FAILED = Call(3, "C", math.nan, {"a": math.nan, "b": 1.0}, "ValueError: 'x'", "", (), "", 1.7e9, 0.0, 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.db"


def test_calls_are_read_as_they_were_written(path: Path) -> None:
    with closing(Journal(path, ABOUT)) as journal:
        journal.append([FAILED])
        journal.append([CALL])
        assert repr(read_journal(path)) == repr([CALL, FAILED])  # by number, and while it is open; NaN is not itself
    with closing(Journal(path, ABOUT)) as journal:
        assert repr(journal.calls()) == repr([CALL, FAILED])


def test_without_a_file_it_is_remembered() -> None:
    with closing(Journal(None, ABOUT)) as journal:
        journal.append([CALL])
        assert journal.calls() == [CALL]


def test_a_batch_is_recorded_whole_or_not_at_all(path: Path) -> None:
    with closing(Journal(path, ABOUT)) as journal:
        with pytest.raises(ObjectiveError, match="UNIQUE constraint failed"):
            journal.append([CALL, dataclasses.replace(CALL, number=2)])  # the same molecule
        assert journal.calls() == []
        journal.append([CALL])
        with pytest.raises(ObjectiveError, match="UNIQUE constraint failed"):
            journal.append([dataclasses.replace(CALL, smiles="CCC")])  # the same number
        assert journal.calls() == [CALL]


@pytest.mark.parametrize("statement", ["UPDATE calls SET score = 1", "DELETE FROM calls"])
def test_nobody_changes_what_is_recorded(path: Path, statement: str) -> None:
    with closing(Journal(path, ABOUT)) as journal:
        journal.append([CALL])
    with closing(sqlite3.connect(path)) as database, pytest.raises(sqlite3.IntegrityError, match="only grows"):
        database.execute(statement)


def test_only_one_can_write(path: Path) -> None:
    with (
        closing(Journal(path, ABOUT)),
        pytest.raises(ObjectiveError, match="another program or objective has it open"),
    ):
        Journal(path, ABOUT)
    Journal(path, ABOUT).close()


def test_the_journal_of_another_objective_is_refused(path: Path) -> None:
    Journal(path, ABOUT).close()
    with pytest.raises(ObjectiveError, match=r'its goals is "\.\.\.", here it is "other"'):
        Journal(path, {**ABOUT, "goals": "other"})
    with pytest.raises(ObjectiveError, match="another objective"):
        Journal(path, {"objective": "qed"})
    Journal(path, ABOUT).close()  # a refusal leaves no lock


def test_other_files_are_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"CCO ethanol\n" * 500)
    with pytest.raises(ObjectiveError, match="not a database"):
        Journal(path, ABOUT)
    assert path.read_bytes() == b"CCO ethanol\n" * 500
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE calls (a)")
    for opened in (lambda: Journal(other, ABOUT), lambda: read_journal(other)):
        with pytest.raises(ObjectiveError, match="another program, not a journal"):
            opened()


def test_a_folder_is_no_journal_and_stays_unlocked(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ObjectiveError, match="unable to open database file"):
            Journal(tmp_path, ABOUT)


def test_a_journal_of_a_later_version_is_refused(path: Path) -> None:
    Journal(path, ABOUT).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(ObjectiveError, match="version 2, and this molvae reads version 1"):
        Journal(path, ABOUT)


def test_a_damaged_journal_is_an_error_that_names_it(path: Path) -> None:
    Journal(path, ABOUT).close()
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.seek(4096)  # the first page holds the tables' names
        stream.write(b"\xff" * (size - 4096))
    for opened in (lambda: Journal(path, ABOUT), lambda: read_journal(path)):
        with pytest.raises(ObjectiveError, match=r"journal\.db cannot be read"):
            opened()


def test_reading_needs_a_journal_which_may_have_no_calls(path: Path) -> None:
    with pytest.raises(ObjectiveError, match="there is no journal"):
        read_journal(path)
    path.parent.mkdir()
    path.touch()  # as a kill in the first instant leaves it
    assert read_journal(path) == []
    Journal(path, ABOUT).close()
    assert read_journal(path) == []
