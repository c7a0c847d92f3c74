"""A tiny model, trained through the command line itself, and ways to call commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from molvae.cli.main import cli

Molvae = Callable[..., Result]


@pytest.fixture(scope="session")
def molvae() -> Molvae:
    """Run a command in this process; standard output and standard error are kept apart."""

    def run(*arguments: str | Path, input: str | bytes | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(map(str, arguments)), input=input)
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture(scope="session")
def start_molvae() -> Callable[..., subprocess.Popen[str]]:
    """Start a command as a process of its own, with pipes, and warnings as errors."""

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-m", "molvae.cli", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    return start


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Options of `molvae train` for a model that trains in a second."""
    return ["--latent-dim", "8", "--encoder-dim", "16", "--decoder-dim", "32", "--threads", "1", "--workers", "1"]


@pytest.fixture(scope="session")
def molecule_file(tmp_path_factory: pytest.TempPathFactory, wehi_smiles: list[str]) -> Path:
    """300 molecules with names, and two that are refused."""
    path = tmp_path_factory.mktemp("molecules") / "library.smi"
    whole = [smiles for smiles in wehi_smiles if "." not in smiles]
    rows = [f"{smiles} molecule {number}" for number, smiles in enumerate(whole[:300])]
    path.write_text("\n".join([*rows, "C1CC open ring", "CCO.CC mixture"]) + "\n")
    return path


@pytest.fixture(scope="session")
def model_folder(
    molvae: Molvae, molecule_file: Path, tiny: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model after 200 steps: it writes molecules, hardly ever the right ones."""
    folder = tmp_path_factory.mktemp("runs")
    # Such a model seldom ends a molecule by itself, and one of 512 symbols takes RDKit as long as fifty of 60.
    (folder / "settings.toml").write_text("[standardization]\nmax_symbols = 60\n")
    shard = ["-o", folder / "shard", "--settings", folder / "settings.toml", "--workers", "1"]
    molvae("data", "prepare", molecule_file, *shard)
    fast = ["--steps", "200", "--batch-size", "64", "--learning-rate", "1e-2", "--beta", "0.001"]
    molvae("train", folder / "shard", "-o", folder / "tiny", *fast, *tiny)
    return folder / "tiny"
