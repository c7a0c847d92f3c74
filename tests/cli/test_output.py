"""What is printed: safe for terminals, exact for machines."""

from __future__ import annotations

import json
import logging
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.cli.output import for_people, forwarded_logs, json_line, printable, progress, say, show


@given(st.text())
def test_printable_text_has_one_line_and_no_control_characters(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text).splitlines()) <= 1


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_json_is_standard_json_whatever_the_values() -> None:
    fields = {
        "nan": float("nan"),
        "inf": np.float32("inf"),
        "array": np.array([1.0, np.nan]),
        "tuple": (1, None),
        "β": True,
    }
    assert json.loads(json_line(fields)) == {
        "nan": None,
        "inf": None,
        "array": [1.0, None],
        "tuple": [1, None],
        "β": True,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (1234567, "1,234,567"),
        (0.123456, "0.1235"),
        (np.float32(0.5), "0.5"),
        ("a\x1bb", "ab"),
    ],
)
def test_values_read_well(value: object, text: str) -> None:
    assert for_people(value) == text


def test_named_values_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    show({"a": 1, "long": "x"}, as_json=False)
    assert capsys.readouterr().out == "a     1\nlong  x\n"


def test_the_columns_that_were_guessed_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    from molvae.datasets.delimited import choose_columns

    for _ in range(2):
        choose_columns(["id", "canonical_smiles"], "x.csv", None, None)
    with forwarded_logs():
        for _ in range(2):
            choose_columns(["id", "canonical_smiles"], "x.csv", None, None)
        choose_columns(["id", "structure"], "y.csv", "structure", None)
    told = "molvae: x.csv: SMILES from the column 'canonical_smiles', names from 'id'\n"
    assert capsys.readouterr() == ("", told)


def shown_on_a_terminal(code: str, **environment: str) -> str:
    """Return what a Python program writes to a terminal of 80 columns."""
    import fcntl
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    known = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run([sys.executable, "-c", code], stdout=theirs, stderr=theirs, timeout=120, check=False,
                          env=known | {"TERM": "xterm"} | environment)  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0, shown
    return shown


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_an_error_is_red_on_a_terminal_that_wants_colours(environment: dict[str, str], coloured: bool) -> None:
    shown = shown_on_a_terminal("from molvae.cli.output import say; say('no', kind='error')", **environment)
    assert ("\x1b[31m" in shown) == coloured
    assert "no" in shown


def test_an_error_has_no_colours_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    say("no", kind="error")
    assert capsys.readouterr().err == "molvae: error: no\n"


def test_there_is_no_bar_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Working", unit="rows", total=3) as advance:
        advance(1)
        advance(2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_there_is_a_bar_on_a_terminal() -> None:
    code = """
from molvae.cli.output import progress
with progress("Working", unit="rows", total=2) as advance:
    advance(2)
"""
    shown = shown_on_a_terminal(code)
    assert "Working: 100%" in shown
    assert "2/2" in shown


def test_warnings_of_the_library_are_messages_and_the_logger_is_left_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("molvae")
    before = (list(logger.handlers), logger.level)
    with forwarded_logs():
        logging.getLogger("molvae.training").warning("%d skipped", 3)
        logging.getLogger("molvae.training").info("not shown")
    assert capsys.readouterr().err == "molvae: warning: 3 skipped\n"
    assert (list(logger.handlers), logger.level) == before
