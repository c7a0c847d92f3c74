"""Settings of a command: the file, the options above it, and what neither may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from molvae.chem.settings import Standardization
from molvae.cli.settings_file import overruled, read_tables
from molvae.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_no_file_has_no_tables() -> None:
    assert read_tables(None, known=("train",)) == {}


def test_an_option_overrules_the_file_and_the_file_the_default(file: Path) -> None:
    file.write_text("[standardization]\nmax_atoms = 60\nmax_rings = 5\n")
    table = read_tables(file, known=("standardization",))["standardization"]
    options = {"max_rings": 7, "neutralize": None, "seed": 3}  # not given, and of another class
    assert overruled(Standardization, table, options, where="x") == Standardization(max_atoms=60, max_rings=7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[trian]\n", "no place for 'trian'; known tables: train"),
        ("x = \n", "is not TOML"),
        ("a = " + "[" * 5_000 + "]" * 5_000, "is not TOML: nested too deeply"),
        ("a = " + "1" * 5_000, "is not TOML"),
        ("# " + "x" * (1 << 20), "larger than 1 MB"),
    ],
)
def test_a_hostile_file_is_a_config_error(file: Path, content: str, message: str) -> None:
    file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_tables(file, known=("train",))


def test_a_file_that_is_not_text_or_not_there_is_a_config_error(file: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_tables(file, known=())
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_tables(file, known=())


def test_a_value_where_a_table_should_be_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="standardization must be a table"):
        overruled(Standardization, 3, {}, where="standardization")
