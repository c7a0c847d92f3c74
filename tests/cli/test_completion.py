"""Completion: scripts that shells accept, and what they complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from molvae.cli.main import cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_accepted_by_its_shell(shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    script = CliRunner().invoke(cli, ["completion", shell])
    assert script.exit_code == 0
    checked = subprocess.run([found, "-n", "/dev/stdin"], input=script.stdout, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("words", "position", "expected"),
    [
        ("molvae sam", 1, {"sample"}),
        ("molvae sample --te", 2, {"--temperature"}),
        ("molvae optimize --strategy gra", 3, {"graph-ga", "gradient"}),
        ("molvae data pre", 2, {"prepare"}),
    ],
)
def test_commands_options_and_choices_are_completed(words: str, position: int, expected: set[str]) -> None:
    environment = os.environ | {
        "_MOLVAE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "molvae"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected, done.stderr
