"""How commands read molecules: from a file or standard input, in any format that molvae reads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import click

if TYPE_CHECKING:
    from molvae.datasets import Row

Command = TypeVar("Command", bound=Callable[..., object])

STANDARD_STREAM = Path("-")


def reading_options(command: Command) -> Command:
    """Add the options that say how a file of molecules is read; each passes an argument of `read_rows`."""
    for option in (
        click.option("--delimiter", metavar="CHARACTER", help="Between columns.  [default: , in CSV, tab in TSV]"),
        click.option(
            "--no-header", "header", is_flag=True, flag_value=False, default=True, help="No line of column names."
        ),
        click.option("--name-column", metavar="NAME", help="Column with the names."),
        click.option("--smiles-column", metavar="NAME", help="Column with the SMILES.  [default: found by its name]"),
        click.option(
            "--format",
            type=click.Choice(["smi", "csv", "tsv", "sdf", "parquet"]),
            help="Of the input.  [default: from its suffix, smi for standard input]",
        ),
    ):
        command = option(command)
    return command


def input_of(path: Path) -> Path | BinaryIO:
    """Return the file, or the bytes of standard input for '-'."""
    return sys.stdin.buffer if path == STANDARD_STREAM else path


def read_smiles(path: Path, reading: dict[str, object]) -> Iterator[Row]:
    """Yield the rows of a file, or of standard input."""
    from molvae.datasets import read_rows

    return read_rows(input_of(path), **reading)  # type: ignore[arg-type]  # click has checked them


def read_all(path: Path, reading: dict[str, object]) -> list[Row]:
    """Return the rows of a file, or of standard input.

    Raises:
        DataError: there are none.
    """
    from molvae.errors import DataError

    rows = list(read_smiles(path, reading))
    if not rows:
        raise DataError(f"{'standard input' if path == STANDARD_STREAM else path} has no rows")
    return rows
