"""From what a user names or hands over to a function that scores a list of SMILES strings."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from molvae.chem.descriptors import Measure, descriptor_function
from molvae.chem.lipophilicity import Normalization, penalized_logp
from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.errors import ConfigError
from molvae.optimize.answers import Scorer, Values, call
from molvae.optimize.constraints import Constraint, max_atoms
from molvae.optimize.goals import Goal
from molvae.optimize.tasks import PMO_TASKS, rediscovery, similarity

PROPERTY = "property"  # the objective property:FOLDER, of a model that `molvae property fit` wrote
ZINC_ATOMS = 38  # heavy atoms of the largest molecule of ZINC250k, the cap of published penalized-logP results


@dataclass(frozen=True)
class Resolved:
    """A function, what a single number of it is called, and what is wanted unless the user says otherwise."""

    scorer: Scorer
    name: str
    goals: Mapping[str, Goal]
    constraints: tuple[Constraint, ...] = ()

    @classmethod
    def of_user(cls, scorer: Scorer, name: str) -> Resolved:
        """Return a function of which nothing is known: a single number, and more is better."""
        return cls(scorer, name, {name: Goal()})


@dataclass(frozen=True)
class NamedObjective:
    """An objective that comes with molvae."""

    name: str  # with ":SMILES" where it needs a reference
    summary: str
    build: Callable[..., Scorer]  # called with the reference if there is one
    goal: Goal = field(default_factory=Goal)
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class _Each:
    """A function of one RDKit molecule, for a list of canonical SMILES strings."""

    measure: Measure

    def __call__(self, smiles: list[str]) -> list[float]:
        return [float(self.measure(mol_from_canonical(text))) for text in smiles]


def _descriptor(name: str) -> Scorer:
    return _Each(descriptor_function(name))


def _penalized_logp(normalization: Normalization) -> Scorer:
    return _Each(partial(penalized_logp, normalization=normalization))


def _with_cap(name: str, normalization: Normalization, source: str) -> NamedObjective:
    return NamedObjective(
        name,
        f"logP - SA - large rings, {source}; at most {ZINC_ATOMS} heavy atoms",
        partial(_penalized_logp, normalization),
        constraints=(max_atoms(ZINC_ATOMS),),
    )


_NAMED = {
    entry.name.partition(":")[0]: entry
    for entry in (
        *(NamedObjective(name, "0 to 1, a task of PMO and GuacaMol", build) for name, build in PMO_TASKS.items()),
        NamedObjective("qed", "0 to 1, drug-likeness (Bickerton 2012); a task of PMO and GuacaMol", PMO_TASKS["qed"]),
        NamedObjective("logp", "Crippen's octanol-water partition coefficient", partial(_descriptor, "logp")),
        NamedObjective(
            "sa_score", "1 easy to 10 hard to make (Ertl 2009); minimized", partial(_descriptor, "sa_score"),
            Goal("minimize"),
        ),
        _with_cap("penalized_logp", "zinc", "each in standard deviations of ZINC250k (You 2018)"),
        _with_cap("penalized_logp_nigam", "zinc-nigam", "each in standard deviations of ZINC250k (Nigam 2019)"),
        _with_cap("penalized_logp_raw", "none", "as they are (Zhou 2019)"),
        NamedObjective("similarity:SMILES", "0 to 1, 1 from a Tanimoto similarity (ECFP4) of 0.75 on", similarity),
        NamedObjective("rediscovery:SMILES", "0 to 1, Tanimoto similarity (ECFP4)", rediscovery),
    )
}  # fmt: skip


def named_objectives() -> list[NamedObjective]:
    """Return the objectives that have a name.

    >>> [entry.name for entry in named_objectives()][:2]
    ['albuterol_similarity', 'amlodipine_mpo']
    """
    return list(_NAMED.values())


def resolve(target: object) -> Resolved:
    """Return the function behind a name, "module:function", a callable, a fitted model, or a table of these.

    Of a table every function is called, and its values carry the name under which it stands.

    Raises:
        ConfigError: nothing that scores molecules, an unknown name, or a module that cannot be imported.
        MoleculeError: the reference of a similarity is no molecule.

    >>> resolve("qed").scorer(["CCO"])[0].__round__(3)
    0.407
    """
    if isinstance(target, str):
        return _from_text(target)
    if isinstance(target, Mapping):
        return _from_table(target)
    predict = getattr(target, "predict", None)
    if callable(predict) and not isinstance(target, type):
        return Resolved.of_user(predict, "prediction")
    if not callable(target) or isinstance(target, type):
        raise ConfigError(
            f"an objective is a name, 'module:function', a function of a list of SMILES strings, a model with predict,"
            f" or a table of these, got {type(target).__name__}"
        )
    name = getattr(target, "__name__", "score")
    return Resolved.of_user(target, name if name.isidentifier() else "score")


def described(target: object) -> object:
    """Return what identifies a target in a journal, as JSON: a text, or a table of texts."""
    if isinstance(target, str):
        return target
    if isinstance(target, Mapping):
        return {str(name): described(part) for name, part in target.items()}
    known: Any = target if hasattr(target, "__qualname__") else type(target)
    return f"{known.__module__}:{known.__qualname__}"


def _from_text(text: str) -> Resolved:
    name, _, argument = text.partition(":")
    if name == PROPERTY and argument:
        return _of_property_model(argument)
    entry = _NAMED.get(name)
    if entry is not None:
        needs_reference = ":" in entry.name
        if needs_reference != bool(argument):
            raise ConfigError(f"the objective {name} is written {entry.name}, got {text[:80]!r}")
        scorer = entry.build(canonical_smiles(argument)) if needs_reference else entry.build()
        return Resolved(scorer, name, {name: entry.goal}, entry.constraints)
    if argument:
        return Resolved.of_user(_imported(name, argument), argument)
    near = difflib.get_close_matches(name, _NAMED, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`molvae score --list` shows them all"
    raise ConfigError(f"there is no objective {name[:80]!r}; {hint} (your own function is written module:function)")


def _of_property_model(folder: str) -> Resolved:
    """Return the predictions of a fitted property model, each target under its name."""
    from molvae.properties.model import PropertyModel  # late: no other objective needs scikit-learn and torch

    model = PropertyModel.load(folder)
    names = [target.name for target in model.targets_]
    return Resolved(model.values, "score", {name: Goal() for name in names})


def _imported(module: str, function: str) -> Scorer:
    try:
        with _current_folder_importable():
            loaded: Any = importlib.import_module(module)
    except Exception as err:  # the module is the user's, and anything can go wrong in it
        if isinstance(err, ModuleNotFoundError) and err.name == module.partition(".")[0]:
            problem = f"there is no module {err.name}, neither in {Path.cwd()} nor installed"
        else:
            problem = f"it cannot be imported: {type(err).__name__}: {err}"
        raise ConfigError(f"objective {module}:{function}: {problem}") from err
    scorer = getattr(loaded, function, None)
    if not callable(scorer):
        raise ConfigError(f"objective {module}:{function}: the module {module} has no function {function}")
    return scorer  # type: ignore[no-any-return]


@contextmanager
def _current_folder_importable() -> Iterator[None]:
    """Let modules beside the user's files be found, as `python -m` does, and leave the path as it was."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _from_table(table: Mapping[object, object]) -> Resolved:
    if not table:
        raise ConfigError("a table of objectives must not be empty")
    parts = {str(name): resolve(part) for name, part in table.items()}
    goals = {name: next(iter(part.goals.values())) for name, part in parts.items()}
    constraints = dict.fromkeys(constraint for part in parts.values() for constraint in part.constraints)
    return Resolved(_Together(parts), "score", goals, tuple(constraints))


@dataclass(frozen=True)
class _Together:
    """Several functions as one; what a function returns as a table keeps its names behind that of the function."""

    parts: Mapping[str, Resolved]

    def __call__(self, smiles: list[str]) -> list[Values]:
        together: list[Values] = [{} for _ in smiles]
        for name, part in self.parts.items():
            for values, found in zip(together, call(part.scorer, smiles, ""), strict=True):
                for key, value in (found or {}).items():
                    values[f"{name}.{key}" if key else name] = value
        return together
