"""A search whose scores come from outside, such as a laboratory: a folder that proposes and takes measured values."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.datasets.readers import read_rows
from molvae.datasets.writers import write_rows
from molvae.errors import ConfigError, DataError
from molvae.optimize.arms import canonical_molecules
from molvae.optimize.build import Mode, StrategyName, build_strategy, check_strategy, uses_model
from molvae.optimize.folder import JOURNAL, SETTINGS, begin_folder, write_result
from molvae.optimize.goals import Direction, Goal
from molvae.optimize.measurements import Measurement, Proposed, Told, matched, worded
from molvae.optimize.objective import Objective
from molvae.optimize.result import Result
from molvae.optimize.scored import Scored
from molvae.settings import require, settings_from_mapping

if TYPE_CHECKING:
    from molvae.latent.space import LatentSpace

PROPOSALS, _START, _LIBRARY = "proposals.csv", "start.smi", "library.smi.gz"
_KIND = "measured elsewhere"  # what stands for the objective in the settings
_VALUE = "measured"
_BESIDE = ("objective", "standardization", "model", "place", "budgets")  # in the settings file, beside the settings
_IN_ONE_GO = ("turbo", "cma-es", "gradient")  # what these know beside the values would be lost between two steps
_COLUMNS = ("id", "smiles", "arm", "parents", "round")


@dataclass(frozen=True)
class LaboratorySettings:
    """How a search is made; fixed with its first molecule."""

    goal: Direction = "maximize"
    strategy: StrategyName = "hybrid"
    mode: Mode = "all"
    planned: int = 200  # measurements in all, about: of few, fewer are spent before molecules are made from others
    seed: int = 0

    def __post_init__(self) -> None:
        check_strategy(self.strategy, self.mode)
        alone = [name for name in get_args(StrategyName) if name not in _IN_ONE_GO]
        require(self.strategy not in _IN_ONE_GO, "strategy", f"one of {', '.join(alone)}", self.strategy)
        Goal(self.goal)
        require(self.planned >= 1, "planned", "at least 1", self.planned)


class Laboratory:
    """A search in a folder that anyone's measurements drive: `ask` for molecules, `tell` what they gave.

    Everything is in the folder, so that days may lie between two steps, and each step is a program of its own. A step
    builds its strategy anew from the values told so far, in the order in which they came, and from the number of the
    round: the same folder gives the same molecules. No molecule is proposed twice, whether or not it was measured.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     settings = LaboratorySettings(strategy="graph-ga", planned=20)
    ...     with Laboratory(folder, settings, start=["CCO", "CCN"]) as laboratory:
    ...         first = laboratory.ask(2)
    ...         told = laboratory.tell([Measurement("p0001", value=5.1), Measurement("p0002")])
    >>> [molecule.smiles for molecule in first], told.recorded, told.missing
    (['CCO', 'CCN'], 1, 1)
    """

    def __init__(
        self,
        folder: Path | str,
        settings: LaboratorySettings | None = None,
        *,
        space: LatentSpace | Path | str | None = None,
        start: Iterable[str] = (),
        library: Iterable[str] | None = None,
    ) -> None:
        """Go on with the search in a folder, or begin one.

        Args:
            folder: of the search; nobody else may use it at the same time.
            settings: of a new search; None for one that there is.
            space: the model, or its folder, of a new search, or where it is now; None for the one the search began
                with, at first the one that comes with molvae. Strategies that need none load none.
            start: SMILES to propose first; those that the gate refuses are left out.
            library: SMILES to draw from.

        Raises:
            ConfigError: no search there, one with other settings, or a folder that holds something else.
            ObjectiveError: another program has the search open, or its journal is damaged.
        """
        self.folder = Path(folder)
        self._space = space
        if settings is not None:
            self._begin(settings, list(start), None if library is None else list(library))
        about = _read_settings(self.folder)
        where = str(self.folder / SETTINGS)
        asked = {name: value for name, value in about.items() if name not in _BESIDE}
        self.settings = settings_from_mapping(LaboratorySettings, asked, where=where)
        self._standardization = settings_from_mapping(
            Standardization, about["standardization"], where=f"{where}, standardization"
        )
        self._model, self._place = str(about["model"]), about["place"]
        self._measured: dict[str, float | None] = {}
        self.objective = Objective(
            _Measured(self._measured), goals={_VALUE: self.settings.goal}, journal=self.folder / JOURNAL,
            standardization=self._standardization, chunk_size=10_000,
        )  # fmt: skip
        try:  # now that the journal is locked, nobody else writes proposals
            self._proposed = _read_proposals(self.folder / PROPOSALS)
        except DataError:
            self.close()
            raise

    def _begin(self, settings: LaboratorySettings, start: list[str], library: list[str] | None) -> None:
        wanted = dataclasses.asdict(settings)
        if (self.folder / SETTINGS).exists():
            about = _read_settings(self.folder)
            begin_folder(self.folder, about | wanted, budget=settings.planned, resume=True)  # which compares them
            return
        model = self._loaded() if uses_model(settings.strategy, None if library is None else ()) else None
        standardization = model.checkpoint.standardization if model is not None else DEFAULT_STANDARDIZATION
        first = canonical_molecules(start, standardization)
        write_rows(self.folder / _START, ({"smiles": smiles} for smiles in first), columns=["smiles"])
        if library is not None:
            write_rows(self.folder / _LIBRARY, ({"smiles": smiles} for smiles in library), columns=["smiles"])
        begin_folder(
            self.folder,
            {
                "objective": _KIND, **wanted, "standardization": dataclasses.asdict(standardization),
                "model": model.checkpoint.weights_sha256 if model is not None else "",
                "place": str(Path(self._space).resolve()) if isinstance(self._space, str | Path) else None,
            },
            budget=settings.planned,
            resume=False,
        )  # fmt: skip

    @property
    def proposed(self) -> list[Proposed]:
        """All molecules proposed so far, in order."""
        return list(self._proposed.values())

    @property
    def pending(self) -> list[Proposed]:
        """Those of which nothing was told."""
        told = {row.smiles for row in self.objective.rows}
        return [molecule for molecule in self._proposed.values() if molecule.smiles not in told]

    def ask(self, n: int) -> list[Proposed]:
        """Return up to `n` new molecules, which are in the folder when this returns.

        Raises:
            ConfigError: the model is not the one that the search began with.
        """
        require(n >= 1, "n", "at least 1", n)
        number = max((molecule.round for molecule in self._proposed.values()), default=0) + 1
        library = _smiles_in(self.folder / _LIBRARY) if (self.folder / _LIBRARY).exists() else None
        seed = int(np.random.SeedSequence([self.settings.seed, number]).generate_state(1)[0])
        strategy = build_strategy(
            self.settings.strategy, space=self._checked_space, screen=self.objective.screen,
            start=_smiles_in(self.folder / _START), library=library, standardization=self._standardization,
            mode=self.settings.mode, budget=self.settings.planned, seed=seed,
        )  # fmt: skip
        strategy.tell(self.objective.rows)
        strategy.tell([Scored(molecule.smiles, "unaffordable") for molecule in self.pending])  # not proposed again
        count = len(self._proposed)
        new = [
            Proposed(f"p{count + k:04d}", found.smiles, found.arm, tuple(found.parents), number)
            for k, found in enumerate(strategy.ask(n), start=1)
        ]
        self._proposed |= {molecule.id: molecule for molecule in new}
        rows = (molecule._asdict() | {"parents": " ".join(molecule.parents)} for molecule in self._proposed.values())
        write_rows(self.folder / PROPOSALS, rows, columns=_COLUMNS)
        return new

    def tell(self, measurements: Sequence[Measurement]) -> Told:
        """Record what was measured, all of it or, where something is wrong, none; then rewrite the results.

        Raises:
            DataError: an id that was not proposed, a molecule that is not the one of its id, a molecule with two
                values, or a value other than the one told before.
        """
        values, told = matched(measurements, self._proposed, self._standardization)
        before = {str(row.smiles): None if math.isnan(row.score) else row.values[_VALUE] for row in self.objective.rows}
        for smiles in values.keys() & before.keys():
            if values[smiles] != before[smiles]:
                raise DataError(
                    f"{smiles} was told before, {worded(before[smiles])}, and is now {worded(values[smiles])}; the"
                    " journal only grows: to correct a value, tell all values to a new folder"
                )
        new = {smiles: value for smiles, value in values.items() if smiles not in before}
        self._record(new)
        failed = sum(value is None for value in new.values())
        return dataclasses.replace(told, recorded=len(new) - failed, failed=failed, known=len(values) - len(new))

    def _record(self, values: dict[str, float | None]) -> None:
        self._measured |= values
        of_smiles = {molecule.smiles: molecule for molecule in self._proposed.values()}
        arms = [of_smiles[text].arm if text in of_smiles else "given" for text in values]
        parents = [of_smiles[text].parents if text in of_smiles else () for text in values]
        self.objective.evaluate(list(values), arm=arms, parents=parents, model_hash=self._model)
        if self.objective.calls:
            write_result(self.result, self.folder)

    @property
    def result(self) -> Result:
        """What was told so far, as `molvae.optimize` returns it."""
        return Result(self.objective, self.folder)

    def _loaded(self) -> LatentSpace:
        from molvae.latent.space import LatentSpace  # torch, which graph strategies do without

        return self._space if isinstance(self._space, LatentSpace) else LatentSpace.load(self._space)

    def _checked_space(self) -> LatentSpace:
        if self._space is None and self._place is not None:
            self._space = self._place
        self._space = space = self._loaded()
        if space.checkpoint.weights_sha256 != self._model:
            raise ConfigError(
                f"{self.folder} began with the model {self._model[:12]}…, and this one is"
                f" {space.checkpoint.weights_sha256[:12]}…: name the folder of that model (space, --model), or begin a"
                " new folder and tell it all values"
            )
        return space

    def close(self) -> None:
        """Let others use the folder."""
        self.objective.close()

    def __enter__(self) -> Laboratory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Measured:
    """A function of molecules that only knows what it was told."""

    def __init__(self, values: dict[str, float | None]) -> None:
        self._values = values

    def __call__(self, smiles: list[str]) -> list[float | None]:
        return [self._values[text] for text in smiles]


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
    if not path.exists():
        raise ConfigError(f"{folder} holds no search: ask it for molecules first")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as err:
        raise ConfigError(f"{path} cannot be read: {err}") from err
    if not isinstance(about, dict) or about.get("objective") != _KIND:
        raise ConfigError(f"{folder} holds another kind of search, whose scores are computed; name another folder")
    if missing := set(_BESIDE) - about.keys():
        raise ConfigError(f"{path} lacks {', '.join(sorted(missing))}")
    return about


def _read_proposals(path: Path) -> dict[str, Proposed]:
    if not path.exists():
        return {}
    found = {}
    for row in read_rows(path, name_column="id"):
        fields = row.fields
        if row.smiles is None or not row.name or not fields.get("round", "").isdecimal():
            raise DataError(f"{path}, line {row.number} is no proposal; put the file back as it was")
        parents = tuple(fields.get("parents", "").split())
        found[row.name] = Proposed(row.name, row.smiles, fields.get("arm", ""), parents, int(fields["round"]))
    return found


def _smiles_in(path: Path) -> list[str]:
    return [row.smiles for row in read_rows(path) if row.smiles]
