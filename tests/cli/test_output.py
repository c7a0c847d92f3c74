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

from molvae.cli.output import for_people, forwarded_logs, json_line, printable, progress, show


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


def test_there_is_no_bar_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Working", unit="rows", total=3) as advance:
        advance(1)
        advance(2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_there_is_a_bar_on_a_terminal() -> None:
    import fcntl
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    code = """
from molvae.cli.output import progress
with progress("Working", unit="rows", total=2) as advance:
    advance(2)
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=theirs, stderr=theirs, timeout=120, check=False)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0, shown
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
    assert capsys.readouterr().err == "molvae: 3 skipped\n"
    assert (list(logger.handlers), logger.level) == before
