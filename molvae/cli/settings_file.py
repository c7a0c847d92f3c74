"""Settings of a command from a TOML file, and the options that overrule them."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from molvae.errors import ConfigError
from molvae.settings import settings_from_mapping

Settings = TypeVar("Settings")
Command = TypeVar("Command", bound=Callable[..., object])

FILE = "settings.toml"  # in the folder of a run
_MAX_BYTES = 1 << 20
_OF_THIS_RUN = {"output", "resume", "dry_run", "as_json", "settings", "help"}  # not of one that repeats it


def read_tables(path: Path | None, *, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the tables of a TOML file, of which every name must be among `known`; no file, no tables.

    Raises:
        ConfigError: the file is missing, too large, no TOML, or holds another table.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as err:
        raise ConfigError(f"{path} cannot be read: {err.strerror}") from err
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{path} is larger than 1 MB, too large for a file of settings")
    try:
        tables = tomllib.loads(content.decode("utf-8"))
    except ValueError as err:  # of TOML, UTF-8, or a number of 5,000 digits
        raise ConfigError(f"{path} is not TOML: {err}") from err
    except RecursionError as err:
        raise ConfigError(f"{path} is not TOML: nested too deeply") from err
    for name in tables:
        if name not in known:
            raise ConfigError(f"{path} has no place for {name[:80]!r}; known tables: {', '.join(known)}")
    return tables


def overruled(cls: type[Settings], table: object, options: Mapping[str, object], *, where: str) -> Settings:
    """Return the settings of `table`, with the options that were given (not None) in place of its values.

    Raises:
        ConfigError: an unknown setting, or a value of the wrong type or out of range.
    """
    if not isinstance(table, Mapping):
        return settings_from_mapping(cls, table, where=where)  # which says what is wrong
    assert dataclasses.is_dataclass(cls)
    names = {field.name for field in dataclasses.fields(cls)}
    given = {name: value for name, value in options.items() if name in names and value is not None}
    return settings_from_mapping(cls, {**table, **given}, where=where)


def write_tables(path: Path, tables: Mapping[str, Mapping[str, object]], *, about: str) -> None:
    """Write tables of single values and lists, which `read_tables` reads, under a comment; None is left out."""
    from molvae.datasets import atomic_path

    lines = [f"# {line}" for line in about.splitlines()]
    for name, table in tables.items():
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    """Return a value as TOML; its texts, lists and numbers are written as those of JSON, but for two."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    text = json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")


def options_file(table: str) -> Callable[[Command], Command]:
    """Return the option --settings FILE: a TOML file whose [table] holds values for the options of a command."""

    def read(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
        content = read_tables(path, known=(table,)).get(table, {})
        if not isinstance(content, dict):
            raise ConfigError(f"{path}: {table} must be a table, written [{table}]")
        known = _options(ctx)
        for key in content:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
                raise ConfigError(f"{path} has no place for {key[:80]!r} in [{table}]; {hint}")
        several = {option.name for option in ctx.command.params if isinstance(option, click.Option) and option.multiple}
        values = {known[key]: value for key, value in content.items()}
        one = {name: [value] for name, value in values.items() if name in several and isinstance(value, str)}
        ctx.default_map = {**(ctx.default_map or {}), **values, **one}

    return click.option(
        "--settings", type=click.Path(path_type=Path), is_eager=True, expose_value=False, callback=read,
        help=f"TOML file with [{table}], which holds options; those given here overrule it.",
    )  # fmt: skip


def save_options(path: Path, table: str, ctx: click.Context) -> None:
    """Write the options of a command as they are, so that `--settings` repeats the run."""
    given = {key: ctx.params.get(name) for key, name in _options(ctx).items()}
    about = f"{ctx.command_path} --settings {path} -o ANOTHER_FOLDER repeats this run"
    write_tables(path, {table: given}, about=about)


def _options(ctx: click.Context) -> dict[str, str]:
    """Return the name of each option's parameter by the option's own long name: {"objective": "target"}."""
    return {
        max(option.opts, key=len).lstrip("-").replace("-", "_"): str(option.name)
        for option in ctx.command.params
        if isinstance(option, click.Option) and option.expose_value and option.name not in _OF_THIS_RUN
    }
