"""`molvae doctor`: what is here, and the command that adds what is not."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from molvae.cli import doctor

Molvae = Callable[..., Result]


def test_the_doctor_shows_versions_device_data_and_extras(molvae: Molvae) -> None:
    report = json.loads(molvae("doctor", "--json").stdout)
    assert {"molvae", "torch", "rdkit", "device", "threads", "data sets", "extra scale"} <= set(report)
    assert report["verdict"] == "ready"
    assert "exact" in report["chemistry"]


def test_a_missing_extra_comes_with_the_command_that_adds_it(molvae: Molvae, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.EXTRAS, "viz", ("matplotlib", "no-such-package"))
    assert "pip install 'molvae[viz]' adds no-such-package" in molvae("doctor").stdout


def test_a_missing_core_package_is_exit_code_1(molvae: Molvae, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CORE", ("torch", "no-such-package"))
    assert "lacks no-such-package" in molvae("doctor", code=1).stdout


def test_the_doctor_knows_the_packages_of_pyproject(project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=\[;]", requirement)[0] for requirement in requirements}

    assert names(project["dependencies"]) == set(doctor.CORE)
    extras = project["optional-dependencies"]
    assert {extra: names(extras[extra]) for extra in doctor.EXTRAS} == {k: set(v) for k, v in doctor.EXTRAS.items()}
    assert extras["all"] == [f"molvae[{','.join(doctor.EXTRAS)}]"]
