"""The options that several commands share, each defined once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from molvae.latent.space import LatentSpace

Command = TypeVar("Command", bound=Callable[..., object])

DEBUG = "molvae.debug"  # key in `click.Context.meta`


def _remember_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[DEBUG] = value


def _limit_threads(_: click.Context, __: click.Parameter, value: int | None) -> int | None:
    if value is not None:  # read by OpenMP and MKL when torch and numpy load, which happens after this
        for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[variable] = str(value)
    return value


debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember_debug,
    help="Show the whole trace of an error.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON object per line, for machines.")
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="The same seed, the same molecules."
)
refine_option = click.option(
    "--refine",
    is_flag=True,
    help="Move each point, mostly by less than its standard deviation, to where its molecule decodes exactly.",
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    callback=_limit_threads,
    is_eager=True,
    help="Threads of torch.  [default: all cores]",
)
workers_option = click.option(
    "--workers", type=click.IntRange(1, 1024), help="Processes for long inputs.  [default: all cores]"
)
device_option = click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda", help="Where torch computes."
)
model_option = click.option(
    "-m",
    "--model",
    type=click.Path(path_type=Path),
    envvar="MOLVAE_MODEL",
    show_envvar=True,
    help="Folder of a trained model.  [default: the model that comes with molvae]",
)


def computing_options(command: Command) -> Command:
    """Add --threads, --workers, --device, --json and --debug: what every command that uses a model takes."""
    for option in (debug_option, json_option, device_option, workers_option, threads_option):
        command = option(command)
    return command


def choice_options(command: Command) -> Command:
    """Add --top-k and --top-p: among which symbols the next one is drawn."""
    for option in (
        click.option(
            "--top-p", type=click.FloatRange(0, 1, min_open=True), help="Draw among the likeliest with this total."
        ),
        click.option("--top-k", type=click.IntRange(1), help="Draw among the k likeliest symbols only."),
    ):
        command = option(command)
    return command


select_option = click.option(
    "--select/--as-written",
    default=True,
    show_default=True,
    help="Keep what makes the sample like real molecules, or all that the model writes, several times as fast.",
)


def check_table(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """Refuse, before any work, a file whose suffix names no format of tables."""
    if value is not None and value != Path("-"):
        from molvae.datasets import file_format

        file_format(value)
    return value


def check_table_file(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Do what `check_table` does, for what cannot go to standard output."""
    if value == Path("-"):
        raise click.BadParameter("this needs a file of its own, not standard output", ctx, parameter)
    return check_table(ctx, parameter, value)


Check = Callable[[click.Context, click.Parameter, Path], object]


def output_option(help_text: str, *, check: Check = check_table) -> Callable[[Command], Command]:
    """Return the option -o FILE, where '-' is standard output; `check` refuses a suffix that names no format."""
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path), default=Path("-"), show_default=True, callback=check,
        help=help_text,
    )  # fmt: skip


def _check_folder(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    if value == Path("-"):
        raise click.BadParameter("this needs a folder, not standard output", ctx, parameter)
    return value


def folder_option(help_text: str, *, required: bool = True) -> Callable[[Command], Command]:
    """Return the option -o FOLDER."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option("-o", "--output", type=kind, required=required, callback=_check_folder, help=help_text)


def settings_option(tables: str) -> Callable[[Command], Command]:
    """Return the option --settings FILE, a TOML file with these tables."""
    return click.option(
        "--settings", type=click.Path(path_type=Path), help=f"TOML file with {tables}; options overrule it."
    )


def load_space(model: Path | None, device: str, threads: int | None, workers: int | None) -> LatentSpace:
    """Return the latent space of the model that the options name."""
    import molvae

    return molvae.load(model, device=device, threads=threads, workers=workers)
