"""The wheel: it holds the whole package, and works where there is no checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import molvae


@pytest.fixture(scope="module")
def wheel(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path, project_root: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "molvae"],
        cwd=project_root, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("no git checkout")
    files = {name for name in listed.stdout.splitlines() if (project_root / name).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == files
    assert "molvae/py.typed" in held


def test_the_metadata_name_version_licence_and_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    assert (metadata["Name"], metadata["Version"]) == ("molvae", molvae.__version__)
    assert metadata["License-Expression"] == "MIT"
    assert {"viz", "data", "explore", "scale", "train", "all", "test", "dev"} <= set(
        metadata.get_all("Provides-Extra", [])
    )


def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import molvae
from molvae.cli.main import main
assert molvae.__file__.startswith(sys.path[0]), molvae.__file__
assert len(molvae.load(workers=1).sample(3, seed=0)) == 3  # the model is in the wheel
main(["data", "prepare", "three.smi", "-o", "shard", "--workers", "1"])
"""
    (tmp_path / "three.smi").write_text("CCO\nCCN\nC[C@H](F)Cl\n")
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "site")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "shard" / "shard.json").is_file()
