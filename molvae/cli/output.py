"""What the commands print: data to standard output, messages and progress to standard error."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import click

INTERRUPTED = 130  # exit code: 128 + SIGINT, as shells report it


def printable(text: str) -> str:
    r"""Return `text` on one line and without control characters, which could rewrite a terminal.

    >>> printable("CC\x1b[31mO\nC")
    'CC[31mO C'
    """
    return "".join(c for c in text.replace("\r", "").replace("\n", " ") if c.isprintable())


def color() -> bool | None:
    """Return False where colours are not wanted (no-color.org, or a dumb terminal), None to let the stream decide.

    Only a terminal gets colours.
    """
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def say(text: str, *, kind: Literal["", "warning", "error"] = "") -> None:
    """Print one message to standard error; its kind stands before it, in colour on a terminal."""
    mark = click.style(f"{kind}:", fg={"error": "red", "warning": "yellow"}[kind], bold=True) + " " if kind else ""
    click.echo(f"molvae: {mark}{printable(text)}", err=True, color=color())


class _Sayer(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            say(text, kind="warning")
        elif text not in self._told:  # a file that is read twice has the same columns
            self._told.add(text)
            say(text)


# Not only the warnings: what it says is what was guessed of a user's file.
_TELLS = "molvae.datasets.delimited"


@contextmanager
def forwarded_logs() -> Iterator[None]:
    """Print what the library logs while the block runs: warnings, and which columns of a file were taken."""
    logger, tells, handler = logging.getLogger("molvae"), logging.getLogger(_TELLS), _Sayer()
    logger.addHandler(handler)
    level = tells.level
    tells.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        tells.setLevel(level)


def show(fields: Mapping[str, object], *, as_json: bool) -> None:
    """Print named values: aligned lines for people, one line of JSON for machines."""
    if as_json:
        click.echo(json_line(fields))
        return
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        click.echo(f"{name:<{width}}  {for_people(value)}")


def json_line(fields: Mapping[str, object]) -> str:
    """Return one line of standard JSON; NaN and infinities, which JSON has not, become null.

    >>> json_line({"smiles": "CCO", "similarity": float("nan")})
    '{"smiles": "CCO", "similarity": null}'
    """
    return json.dumps(_plain(fields), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy numbers and arrays
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def for_people(value: object) -> str:
    """Return a value as a person reads it: 1,000 and 0.6123, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) or hasattr(value, "tolist"):
        return f"{value:.4g}" if not hasattr(value, "shape") or value.shape == () else str(value)
    return printable(str(value))


@contextmanager
def progress(description: str, *, unit: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances a bar on standard error; on anything but a terminal there is no bar."""
    from tqdm import tqdm

    with tqdm(
        desc=description,
        unit=f" {unit}",
        total=total,
        disable=None,
        file=sys.stderr,
        dynamic_ncols=True,
        mininterval=0.5,
    ) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        yield advance
