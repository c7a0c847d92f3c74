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
from molvae.cli.output import INTERRUPTED, color, forwarded_logs, printable, say
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
    "search": "molvae.cli.search:search",
    "evaluate": "molvae.cli.evaluate:evaluate",
    "property": "molvae.cli.property:property_group",
    "score": "molvae.cli.score:score",
    "optimize": "molvae.cli.optimize:optimize",
    "explore": "molvae.cli.explore:explore",
    "benchmark": "molvae.cli.benchmark:benchmark",
    "data": "molvae.cli.data:data",
    "info": "molvae.cli.info:info",
    "doctor": "molvae.cli.doctor:doctor",
    "completion": "molvae.cli.completion:completion",
}

READER_GONE = 141  # 128 + SIGPIPE


class Refusal(click.ClickException):
    """What molvae refuses, or what failed, in one line."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line to standard error."""
        say(self.message, kind="error")


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
        except click.exceptions.NoArgsIsHelpError as help_page:
            help_page.show()
            sys.exit(help_page.exit_code)
        except click.UsageError as error:
            say(_usage(error), kind="error")
            sys.exit(error.exit_code)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            say("interrupted")
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _usage(error: click.UsageError) -> str:
    """Return what is wrong with a command line, and where the right one is shown."""
    message = error.format_message()
    path = error.ctx.command_path if error.ctx is not None else "molvae"
    return f"{message}{'' if message[-1:] in '.?' else '.'} See '{path} --help'."


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


WELCOME = (
    ("molvae sample -n 10", "ten new molecules"),
    ("molvae neighbors 'CC(=O)Oc1ccccc1C(=O)O' -n 5", "molecules like aspirin"),
    ("molvae encode library.csv -o library.npz", "a vector for each row of a file"),
    ("molvae optimize --objective qed --budget 300 -o runs/qed", "search for a high score"),
    ("molvae train my.smi -o runs/mine --minutes 30", "a model of your own"),
    ("molvae doctor", "what is installed, what is missing"),
)


@click.group(
    "molvae",
    cls=LazyGroup,
    epilog="molvae alone shows what to try first.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(molvae.__version__, "-V", "--version", prog_name="molvae", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Molecules in a continuous latent space, and back.

    Every command reads files or '-' (standard input), writes data to standard output or to -o FILE, and messages to
    standard error. 'molvae COMMAND --help' shows examples.
    """
    if ctx.invoked_subcommand is None:
        _welcome()


def _welcome() -> None:
    """Say what can be done next."""
    model = os.environ.get("MOLVAE_MODEL")
    mine = f"the model in {printable(model)} (MOLVAE_MODEL)" if model else "a trained model comes with it"
    click.echo(f"molvae {molvae.__version__}: molecules in a continuous latent space, and back; {mine}.\n\nTry:")
    width = max(len(command) for command, _ in WELCOME)
    for command, what in WELCOME:
        click.echo(f"  {click.style(f'{command:<{width}}', bold=True)}  {what}", color=color())
    click.echo(
        "\nmolvae --help lists all commands, molvae COMMAND --help shows one with examples,\n"
        "molvae completion --help makes the tab key complete them."
    )


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `molvae` with these arguments (default: those of the process) and exit."""
    cli.main(arguments, prog_name="molvae")
