"""Settings as frozen dataclasses, and the strict way to read one from JSON or TOML.

pydantic would serve, but a GPU node that trains from a token shard has only torch, numpy and safetensors.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from molvae.errors import ConfigError

T = TypeVar("T")


def settings_from_mapping(cls: type[T], mapping: object, *, where: str) -> T:
    """Return a `cls` dataclass built from a parsed JSON or TOML table; `where` names the table in errors.

    Raises:
        ConfigError: not a table, an unknown or missing key, or a value of the wrong type.

    >>> from molvae.chem.settings import Standardization
    >>> settings_from_mapping(Standardization, {"max_atoms": 60}, where="standardization").max_atoms
    60
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{where} must be a table of settings, got {type(mapping).__name__}")
    assert dataclasses.is_dataclass(cls)
    hints = get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in mapping:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(fields)}"
            raise ConfigError(f"{where} has no setting {str(key)[:80]!r}; {hint}")
    values = {key: _checked(value, hints[key], f"{where}.{key}") for key, value in mapping.items()}
    missing = [
        name
        for name, field in fields.items()
        if name not in values and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(f"{where} lacks the setting {missing[0]!r}")
    return cls(**values)


def _checked(value: Any, kind: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in get_args(kind):
            return None
        (kind,) = [option for option in get_args(kind) if option is not type(None)]
        return _checked(value, kind, where)
    if origin is typing.Literal:
        if value in get_args(kind):
            return value
        raise ConfigError(f"{where} must be one of {', '.join(map(repr, get_args(kind)))}, got {_short(value)}")
    if origin is tuple:
        (item, _ellipsis) = get_args(kind)
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{where} must be a list, got {_short(value)}")
        return tuple(_checked(entry, item, f"{where}[{index}]") for index, entry in enumerate(value))
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ConfigError(f"{where} must be a finite number, got {value}")
        return float(value)
    if type(value) is not kind:  # bool is an int in Python, but True is no number of layers
        raise ConfigError(f"{where} must be {kind.__name__}, got {_short(value)}")
    return value


def _short(value: object) -> str:
    text = repr(value)
    return f"{text[:60]}… ({type(value).__name__})" if len(text) > 60 else f"{text} ({type(value).__name__})"


def require(condition: bool, name: str, rule: str, value: object) -> None:
    """Raise `ConfigError` naming the setting, the rule and the value unless `condition` holds."""
    if not condition:
        raise ConfigError(f"{name} must be {rule}, got {value!r}")
