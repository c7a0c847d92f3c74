"""`molvae`: the group of commands, loaded one by one, and what an error looks like.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted (Ctrl-C), 141 the reader of a pipe went away.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import IO, Any, NoReturn

import click

import molvae
from molvae.cli.options import DEBUG
from molvae.cli.output import INTERRUPTED, forwarded_logs, printable, say
from molvae.errors import MolvaeError

# The module of each command is imported when the command is named or listed; none of them imports torch or rdkit
# before it runs.
COMMANDS = {
    "train": "molvae.cli.train:train",
    "finetune": "molvae.cli.train:finetune",
    "encode": "molvae.cli.vectors:encode",
    "decode": "molvae.cli.vectors:decode",
    "sample": "molvae.cli.molecules:sample",
    "reconstruct": "molvae.cli.molecules:reconstruct",
    "neighbors": "molvae.cli.molecules:neighbors",
    "interpolate": "molvae.cli.molecules:interpolate",
    "check": "molvae.cli.check:check",
    "evaluate": "molvae.cli.evaluate:evaluate",
    "property": "molvae.cli.property:property_group",
    "score": "molvae.cli.score:score",
    "optimize": "molvae.cli.optimize:optimize",
    "explore": "molvae.cli.explore:explore",
    "benchmark": "molvae.cli.benchmark:benchmark",
    "data": "molvae.cli.data:data",
    "info": "molvae.cli.info:info",
    "doctor": "molvae.cli.doctor:doctor",
}

READER_GONE = 141  # 128 + SIGPIPE


class Refusal(click.ClickException):
    """What molvae refuses, or what failed, in one line."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line to standard error."""
        say(f"error: {self.message}")


class LazyGroup(click.Group):
    """A group that imports a command when it is needed, and ends every failure in one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a person meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command called `cmd_name`, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` name; for a typing error the nearest one is suggested."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {printable(args[0])!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises becomes one line, with the trace before it under --debug."""
        try:
            with forwarded_logs():
                result = super().invoke(ctx)
            sys.stdout.flush()  # here, so that a pipe closed by its reader is seen here
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # `molvae sample | head` is no failure: the interpreter's last flush must not find the closed pipe again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(READER_GONE)
        except Exception as error:
            if ctx.meta.get(DEBUG):
                traceback.print_exception(error)
            raise Refusal(_one_line(error)) from error
        return result

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run the command that `args` name and exit with its code."""
        try:
            code = super().main(args, prog_name, **{**extra, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            say("interrupted")
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _one_line(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"there is no file or folder {error.filename}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("molvae"):
        return f"the package {error.name!r} is not installed; `molvae doctor` shows what is missing"
    if isinstance(error, MolvaeError | ValueError | OSError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error} (a bug of molvae; run again with --debug for the trace)"


EPILOG = """\b
Thirty seconds:
  molvae data prepare wehi10k -o runs/wehi10k
  molvae train runs/wehi10k -o runs/first --minutes 2
  molvae sample -m runs/first -n 10 --seed 0
"""


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(molvae.__version__, "-V", "--version", prog_name="molvae", message="%(prog)s %(version)s")
def cli() -> None:
    """Molecules in a continuous latent space, and back.

    Every command reads files or '-' (standard input), writes data to standard output or to -o FILE, and messages to
    standard error. 'molvae COMMAND --help' shows examples.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `molvae` with these arguments (default: those of the process) and exit."""
    cli.main(arguments, prog_name="molvae")
