"""The group of commands: help, suggestions, errors in one line, exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from click.testing import CliRunner

import molvae
from molvae.cli.doctor import doctor
from molvae.cli.main import COMMANDS, cli
from molvae.errors import DataError


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert f"molvae {name}" in result.output
    assert "--debug" in result.output or name in ("data", "evaluate", "property", "benchmark")  # groups


def test_help_lists_every_command_and_fits_a_page() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in COMMANDS)
    assert len(result.output.splitlines()) < 40


def test_version() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert (result.exit_code, result.output) == (0, f"molvae {molvae.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["smaple"], "Did you mean 'sample'?"),
        (["smaple", "-n", "3"], "molvae --help"),
        (["sample", "--tempreature", "1"], "--temperature"),
        (["data", "prepar"], "Did you mean 'prepare'?"),
        (["sample", "--sed", "1"], "--seed"),
        (["sample", "-n", "0"], "x>=1"),
        (["train", "a.smi"], "--output"),
        (["\x1b[31mred"], "No such command '[31mred'"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_hint(arguments: Sequence[str], hint: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_alone_it_shows_what_to_do_next() -> None:
    result = CliRunner().invoke(cli, [], env={"MOLVAE_MODEL": "runs/mine"})
    assert result.exit_code == 0
    assert "runs/mine" in result.stdout
    shown = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("  molvae ")]
    assert len(shown) > 3
    assert set(shown) <= set(COMMANDS)


def test_the_package_runs_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "molvae", "--version"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"molvae {molvae.__version__}\n")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What is put into this list is what `molvae doctor` raises."""
    errors: list[BaseException] = []

    def fail(**_: object) -> None:
        raise errors[0]

    monkeypatch.setattr(doctor, "callback", fail)
    return errors


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DataError("x.csv has no column\nsmiles"), "molvae: error: x.csv has no column smiles"),
        (FileNotFoundError(2, "No such file", "x.smi"), "molvae: error: there is no file or folder x.smi"),
        (PermissionError(13, "Permission denied", "x.smi"), "molvae: error: Permission denied: x.smi"),
        (OSError(28, "No space left on device"), "molvae: error: No space left on device"),
        (
            KeyError("x"),
            "molvae: error: unexpected KeyError: 'x' (a bug of molvae; run again with --debug for the trace)",
        ),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(failing: list[BaseException], error: Exception, line: str) -> None:
    failing.append(error)
    result = CliRunner().invoke(cli, ["doctor"])
    assert (result.exit_code, result.stderr.splitlines()) == (1, [line])


def test_debug_shows_the_trace(failing: list[BaseException]) -> None:
    failing.append(DataError("damaged"))
    result = CliRunner().invoke(cli, ["doctor", "--debug"])
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("molvae: error: damaged\n")


def test_ctrl_c_exits_with_130(failing: list[BaseException]) -> None:
    failing.append(KeyboardInterrupt())
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "molvae: interrupted"
