"""The folder of a search: its settings, its journal, and what is written at its end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from molvae.datasets.files import atomic_path
from molvae.datasets.writers import write_rows
from molvae.errors import ConfigError, MissingExtraError
from molvae.optimize.journal import read_journal
from molvae.optimize.picture import front_picture
from molvae.optimize.result import Result

if TYPE_CHECKING:
    import pandas

JOURNAL = "journal.sqlite"
SETTINGS = "settings.json"
_BEST = 100  # molecules in the files of the best


class Begun(NamedTuple):
    """A search in a folder."""

    journal: Path
    budgets: list[int]  # with which it was begun and gone on with, the present one last


def begin_folder(folder: Path, settings: Mapping[str, object], *, budget: int, resume: bool) -> Begun:
    """Write the settings of a search, or check that they are those of the one to be gone on with.

    The budget may grow: a search that has spent the smaller one goes on from there.

    Raises:
        ConfigError: the folder holds a search and `resume` is False, or one with other settings or a larger budget.
    """
    path, journal = folder / SETTINGS, folder / JOURNAL
    budgets = [budget]
    if path.exists() and journal.exists():  # without a journal it never began
        if not resume:
            raise ConfigError(f"{folder} holds a search: go on with it (resume, --resume), or name another folder")
        found = _read_settings(path)
        _check_settings(folder, found, settings)
        budgets = _grown(folder, found["budgets"], budget, spent=len(read_journal(journal)))
        if budgets == found["budgets"]:
            return Begun(journal, budgets)
    elif journal.exists():
        raise ConfigError(f"{folder} holds a journal without {SETTINGS}: name another folder")
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({**settings, "budgets": budgets}, indent=2) + "\n", encoding="utf-8")
    return Begun(journal, budgets)


def _grown(folder: Path, budgets: list[int], budget: int, *, spent: int) -> list[int]:
    if budget < budgets[-1]:
        raise ConfigError(
            f"{folder} holds a search with budget {budgets[-1]}, here it is {budget}; it can go on with the same budget"
            " or a larger one"
        )
    # A budget that was spent cut its last batch short; one that was not has left no trace.
    return [*(former for former in budgets if former <= spent and former < budget), budget]


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as err:
        raise ConfigError(f"{path} cannot be read: {err}") from err
    budgets = found.get("budgets") if isinstance(found, dict) else None
    if not (isinstance(budgets, list) and budgets and all(isinstance(budget, int) for budget in budgets)):
        raise ConfigError(f"{path} does not hold the settings of a search; name another folder")
    return dict(found)


def _check_settings(folder: Path, found: Mapping[str, object], settings: Mapping[str, object]) -> None:
    wanted = json.loads(json.dumps(settings))
    for name in dict.fromkeys([*wanted, *found]):
        old, new = found.get(name), wanted.get(name)
        if name != "budgets" and old != new:
            raise ConfigError(
                f"{folder} holds a search with {name} {json.dumps(old)}, here it is {json.dumps(new)};"
                " a search can only go on as it began"
            )


def write_result(result: Result, folder: Path) -> None:
    """Write trace, best molecules as .smi, .csv and .sdf, and pictures; without matplotlib only the grid.

    Of several goals also the front, as a table and a picture.
    """
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
        if len(result.objective.goals) > 1 and any(row.contends for row in result.rows):
            front_picture(result, folder / "pareto.png")


def _write_table(path: Path, table: pandas.DataFrame) -> None:
    columns = [str(column) for column in table.columns]
    write_rows(path, (dict(zip(columns, row, strict=True)) for row in table.to_numpy(dtype=object)), columns=columns)
