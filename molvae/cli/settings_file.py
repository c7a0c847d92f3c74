"""Settings of a command from a TOML file, and the options that overrule them."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from molvae.errors import ConfigError
from molvae.settings import settings_from_mapping

Settings = TypeVar("Settings")

_MAX_BYTES = 1 << 20


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
