"""`molvae encode | decode`: files of molecules to files of latent vectors and back."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.dry_run import dry_run_option, look_at, rows_of, target
from molvae.cli.options import (
    check_table,
    check_table_file,
    choice_options,
    computing_options,
    load_space,
    model_option,
    output_option,
    refine_option,
    seed_option,
)
from molvae.cli.output import json_line, progress, say, show
from molvae.cli.reading import STANDARD_STREAM, reading_options

if TYPE_CHECKING:
    from molvae.latent.files import FileReport

shard_option = click.option(
    "--shard", metavar="I/N", help="Do the I-th of N parts of the rows only, into a file of its own: for job arrays."
)
rejected_option = click.option(
    "--rejected", type=click.Path(path_type=Path), callback=check_table_file,
    help="Write the refused rows, with their reasons, to this table.",
)  # fmt: skip


def _check_vectors(_: click.Context, __: click.Parameter, value: Path) -> Path:
    if value != STANDARD_STREAM:
        from molvae.latent.vectors import vector_format

        vector_format(value)
    return value


@click.command(short_help="Turn molecules into latent vectors.")
@click.argument("source", type=click.Path(path_type=Path))
@model_option
@output_option(
    "Where the vectors go: .npz, .npy, .csv, .tsv or .parquet; CSV on standard output.", check=_check_vectors
)
@refine_option
@shard_option
@rejected_option
@dry_run_option
@reading_options
@computing_options
def encode(
    source: Path, model: Path | None, output: Path, refine: bool, shard: str | None, rejected: Path | None,
    dry_run: bool, as_json: bool, device: str, threads: int | None, workers: int | None, **reading: Any,
) -> int:  # fmt: skip
    """Turn the molecules of SOURCE ('-': standard input) into latent vectors, one row for each row.

    \b
    Examples:
      molvae encode library.csv -o library.npz --rejected refused.csv
      molvae encode library.smi.gz -o library.npz --shard 3/10
      echo 'CCO ethanol' | molvae encode - | cut -d, -f2-6

    Run again after a kill, it goes on where it stopped. A refused row keeps its place, with its reason and NaN.
    """
    from molvae.latent.files import encode_file

    space = load_space(model, device, threads, workers)
    if dry_run:
        found = look_at(source, reading, standardization=space.checkpoint.standardization, space=space)
        show({**found, "output": target(output, parts=True)}, as_json=as_json)
        return 0
    rows = rows_of(source, reading["format"])
    with _files(source, output, suffix=f".{reading['format'] or 'smi'}") as (read, written):
        with progress("Encoding", unit="molecules", total=_of_shard(rows, shard)) as advance:
            report = encode_file(
                space, read, written, refine=refine, shard=shard, rejected=rejected, progress=advance, **reading
            )
        return _finish(report, output, as_json=as_json)


@click.command(short_help="Turn latent vectors into molecules.")
@click.argument("source", type=click.Path(path_type=Path))
@model_option
@output_option("Where the molecules go: .smi, .csv, .tsv, .sdf or .parquet; CSV on standard output.", check=check_table)
@click.option(
    "--temperature", type=click.FloatRange(0, 100), default=0.0, show_default=True,
    help="0 takes the likeliest symbol; above, symbols are drawn.",
)  # fmt: skip
@choice_options
@seed_option
@shard_option
@rejected_option
@dry_run_option
@computing_options
def decode(
    source: Path, model: Path | None, output: Path, shard: str | None, rejected: Path | None, dry_run: bool,
    as_json: bool, device: str, threads: int | None, workers: int | None, seed: int, **choice: Any,
) -> int:  # fmt: skip
    """Turn the latent vectors of SOURCE ('-': CSV on standard input) into molecules, one row for each row.

    \b
    Examples:
      molvae decode library.npz -o decoded.smi
      molvae decode library.npz -o variants.csv --temperature 1 --seed 7
      molvae encode drugs.smi | molvae decode -
    """
    from molvae.latent.files import decode_file
    from molvae.latent.vectors import count_points
    from molvae.model.generation import Sampling

    sampling = Sampling(**choice)
    rows = None if source == STANDARD_STREAM else count_points(source)
    if dry_run:
        show({"source": str(source), "rows_about": rows, "output": target(output, parts=True)}, as_json=as_json)
        return 0
    space = load_space(model, device, threads, workers)
    with _files(source, output, suffix=".csv") as (read, written):
        with progress("Decoding", unit="molecules", total=_of_shard(rows, shard)) as advance:
            report = decode_file(
                space, read, written, shard=shard, rejected=rejected, progress=advance, sampling=sampling, seed=seed
            )
        return _finish(report, output, as_json=as_json)


def _of_shard(rows: int | None, shard: str | None) -> int | None:
    """Return the rows of a part; an odd `shard` is refused where the work begins."""
    count = shard.partition("/")[2] if shard else "1"
    return None if rows is None or not count.isdecimal() else -(-rows // max(1, int(count)))


@contextmanager
def _files(source: Path, output: Path, *, suffix: str) -> Iterator[tuple[Path, Path]]:
    """Yield files to read and to write, where either may be a standard stream that goes through a temporary file."""
    with tempfile.TemporaryDirectory(prefix="molvae-") as folder:
        if source == STANDARD_STREAM:
            source = Path(folder, f"standard-input{suffix}")
            with source.open("wb") as stream:
                shutil.copyfileobj(sys.stdin.buffer, stream)
        yield source, Path(folder, "standard-output.csv") if output == STANDARD_STREAM else output


def _finish(report: FileReport, output: Path, *, as_json: bool) -> int:
    """Print what was written and what became of the rows; return the exit code."""
    if output == STANDARD_STREAM:
        with report.path.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
        report = dataclasses.replace(report, path=Path("standard output"))
    elif as_json:
        fields = {"output": str(report.path), "rows": report.read, "taken": report.taken, "refused": report.refused}
        click.echo(json_line({**fields, "resumed": report.resumed}))
    say(report.summary())
    return 0 if report.taken else 1
