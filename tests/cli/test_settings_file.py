"""Settings of a command: the file, the options above it, and what neither may hold."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.settings import Standardization
from molvae.cli.settings_file import overruled, read_tables, write_tables
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


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,9}", fullmatch=True),
        st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans() | st.lists(st.text()),
    )
)
def test_what_is_written_is_read_again(table: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.toml"
        write_tables(path, {"train": {**table, "missing": None}}, about="two\nlines")
        assert read_tables(path, known=("train",)) == {"train": table}


def test_a_search_can_be_repeated_from_its_folder(molvae: Callable[..., Result], tmp_path: Path) -> None:
    start = tmp_path / "start.smi"
    start.write_text("CCO\nc1ccccc1O\nCCN\n")
    options = ["--objective", "qed", "--budget", "9", "--strategy", "graph-ga", "--seed", "3"]
    first = molvae("optimize", *options, "--start", start, "--library", start, "-o", tmp_path / "a")
    settings = ["--settings", tmp_path / "a" / "settings.toml"]
    again = molvae("optimize", *settings, "-o", tmp_path / "b")
    assert again.stdout == first.stdout
    other = molvae("optimize", *settings, "--budget", "5", "-o", tmp_path / "c")
    assert "5 calls" in other.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[optimize]\nbugdet = 5\n", "did you mean 'budget'"),
        ("[optimise]\nbudget = 5\n", "known tables: optimize"),
        ("optimize = 3\n", "must be a table"),
        ("[optimize]\nbudget = 'many'\n", "--budget"),
    ],
)
def test_a_wrong_file_of_options_is_named(
    content: str, message: str, molvae: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "s.toml").write_text(content)
    wrong = ["optimize", "--objective", "qed", "--settings", tmp_path / "s.toml", "-o", tmp_path / "run"]
    result = molvae(*wrong, code=2 if "--" in message else 1)
    assert message in result.stderr
    assert not (tmp_path / "run").exists()


def test_the_settings_of_a_training_run_repeat_it(
    molvae: Callable[..., Result], molecule_file: Path, tiny: list[str], tmp_path: Path
) -> None:
    molvae("train", molecule_file, "-o", tmp_path / "a", "--steps", "2", "--batch-size", "16", "--seed", "5", *tiny)
    settings = tmp_path / "a" / "settings.toml"
    molvae("train", tmp_path / "a" / "data", "-o", tmp_path / "b", "--settings", settings, "--threads", "1")
    weights = [(tmp_path / run / "weights.safetensors").read_bytes() for run in "ab"]
    assert weights[0] == weights[1]
