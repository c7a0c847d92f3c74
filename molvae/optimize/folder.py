"""The folder of a search: its settings, its journal, and what is written at its end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from molvae.datasets.files import atomic_path
from molvae.datasets.writers import write_rows
from molvae.errors import ConfigError, MissingExtraError
from molvae.optimize.result import Result

if TYPE_CHECKING:
    import pandas

JOURNAL = "journal.sqlite"
SETTINGS = "settings.json"
_BEST = 100  # molecules in the files of the best


def begin_folder(folder: Path, settings: Mapping[str, object], *, resume: bool) -> Path:
    """Write the settings of a search, or check that they are those of the one to be gone on with; return its journal.

    Raises:
        ConfigError: the folder holds a search and `resume` is False, or one with other settings.
    """
    path = folder / SETTINGS
    if path.exists() and (folder / JOURNAL).exists():  # without a journal it never began
        if not resume:
            raise ConfigError(f"{folder} holds a search: go on with it (resume, --resume), or name another folder")
        _check_settings(path, settings)
    elif (folder / JOURNAL).exists():
        raise ConfigError(f"{folder} holds a journal without {SETTINGS}: name another folder")
    else:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    return folder / JOURNAL


def _check_settings(path: Path, settings: Mapping[str, object]) -> None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as err:
        raise ConfigError(f"{path} cannot be read: {err}") from err
    wanted = json.loads(json.dumps(settings))
    for name in wanted | found if isinstance(found, dict) else ("settings",):
        old, new = (found.get(name), wanted.get(name)) if isinstance(found, dict) else (type(found).__name__, "table")
        if old != new:
            raise ConfigError(
                f"{path.parent} holds a search with {name} {json.dumps(old)}, here it is {json.dumps(new)};"
                " a search can only go on as it began"
            )


def write_result(result: Result, folder: Path) -> None:
    """Write trace, best molecules as .smi, .csv and .sdf, and two pictures; without matplotlib only the grid."""
    _write_table(folder / "trace.csv", result.trace())
    best = result.top(_BEST).assign(name=lambda table: [f"call {call}" for call in table["call"]])
    for suffix in ("smi", "csv", "sdf"):
        _write_table(folder / f"best.{suffix}", best)
    if any(len(row.wanted) > 1 for row in result.rows):
        _write_table(folder / "pareto.csv", result.pareto())
    with atomic_path(folder / "best.png") as temporary:
        temporary.write_bytes(result.grid())
    with contextlib.suppress(MissingExtraError):
        result.picture(folder / "progress.png")


def _write_table(path: Path, table: pandas.DataFrame) -> None:
    columns = [str(column) for column in table.columns]
    write_rows(path, (dict(zip(columns, row, strict=True)) for row in table.to_numpy(dtype=object)), columns=columns)
