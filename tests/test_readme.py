"""The README: its code runs, its commands exist, and its figures are those of the shipped model.

A block after a comment `<!-- long: reason -->` is checked without being run: commands with their options are looked up,
Python is compiled.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from molvae.cli.main import cli

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
_BLOCK = re.compile(r"(?:^<!-- long: (?P<reason>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """A block of code in the README."""

    language: str
    code: str
    reason: str  # why it is not run, "" if it is


BLOCKS = [Block(m["language"], m["code"], m["reason"] or "") for m in _BLOCK.finditer(TEXT)]


@pytest.fixture(scope="module")
def place(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data/ beside what the README's code writes, and with molvae as a command."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "data").symlink_to(project_root / "data")
    (folder / "bin").mkdir()
    command = folder / "bin" / "molvae"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(project_root))} exec {sys.executable} -m molvae "$@"\n')
    command.chmod(0o755)
    return folder


def run(language: str, place: Path, project_root: Path) -> None:
    """Run all blocks of a language as one program."""
    code = "\n".join(block.code for block in BLOCKS if block.language == language and not block.reason)
    assert code
    program = {"python": [sys.executable, "-c", code], "bash": ["bash", "-euo", "pipefail", "-c", code]}[language]
    environment = {name: value for name, value in os.environ.items() if name != "MOLVAE_MODEL"} | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(project_root), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    done = subprocess.run(program, cwd=place, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no bash")
def test_the_commands_run(place: Path, project_root: Path) -> None:
    pytest.importorskip("usearch")
    run("bash", place, project_root)
    written = {path.name for path in place.iterdir()}
    assert {"drugs.npz", "decoded.smi", "new.smi", "new.png", "checked.csv", "runs"} <= written
    assert len((place / "decoded.smi").read_text().splitlines()) > 90


def test_the_python_runs(place: Path, project_root: Path) -> None:
    pytest.importorskip("usearch")
    pytest.importorskip("pyarrow")
    run("python", place, project_root)


def commands() -> list[str]:
    lines = [line for block in BLOCKS if block.language == "bash" for line in block.code.splitlines()]
    return [part.strip() for line in lines for part in line.split("|") if part.strip().startswith("molvae ")]


@pytest.mark.parametrize("line", commands())
def test_every_command_has_the_options_that_are_shown(line: str) -> None:
    command: click.Command = cli
    words = shlex.split(line, comments=True)[1:]
    context = click.Context(cli, info_name="molvae")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        below = command.get_command(context, words[0])
        if below is None:
            break
        context = click.Context(below, info_name=words[0], parent=context)
        command, words = below, words[1:]
    assert command is not cli or not words, f"there is no such command: {line}"
    command.make_parser(context).parse_args(words)  # raises for an unknown option


def test_the_python_that_is_not_run_compiles() -> None:
    blocks = [block for block in BLOCKS if block.language == "python" and block.reason]
    assert blocks
    for block in blocks:
        compile(block.code, "README.md", "exec")


def test_every_link_and_script_is_there(project_root: Path) -> None:
    named = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT) + re.findall(
        r"\b(?:scripts|data|tests|notebooks)/[\w./-]*\w", TEXT
    )
    assert named
    missing = [name for name in named if not (project_root / name).exists()]
    assert missing == []


def test_the_table_of_the_model_is_that_of_its_card(project_root: Path) -> None:
    script = [sys.executable, str(project_root / "scripts" / "readme.py"), "--check"]
    environment = os.environ | {"PYTHONPATH": str(project_root)}
    done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
