"""Names, functions, models and tables of them become functions; what is none of these is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from molvae.chem.descriptors import descriptors
from molvae.errors import ConfigError, MoleculeError
from molvae.optimize.answers import call
from molvae.optimize.goals import Goal
from molvae.optimize.scorers import described, named_objectives, resolve
from molvae.optimize.tasks import PMO_TASKS

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


class Length:
    """A model as scikit-learn's are, on SMILES strings."""

    def predict(self, smiles: list[str]) -> NDArray[np.float64]:
        return np.array([len(text) for text in smiles], dtype=float)


@pytest.mark.parametrize("entry", named_objectives(), ids=lambda entry: entry.name)
def test_every_named_objective_scores_and_says_what_is_better(entry: object) -> None:
    name = str(entry.name)  # type: ignore[attr-defined]
    resolved = resolve(name.replace("SMILES", ASPIRIN))
    [score] = list(resolved.scorer([ASPIRIN]))
    assert isinstance(score, float)
    assert list(resolved.goals) == [name.partition(":")[0]]


def test_names_cover_the_benchmark_and_mean_what_they_say() -> None:
    names = {entry.name for entry in named_objectives()}
    assert set(PMO_TASKS) <= names
    values = descriptors(ASPIRIN)
    assert list(resolve("qed").scorer([ASPIRIN])) == [values.qed]
    assert list(resolve("logp").scorer([ASPIRIN])) == [values.logp]
    assert list(resolve("sa_score").scorer([ASPIRIN])) == [values.sa_score]
    assert resolve("sa_score").goals == {"sa_score": Goal("minimize")}
    assert [str(rule) for rule in resolve("penalized_logp").constraints] == [
        "PropertyRange(name='heavy_atoms', low=-inf, high=38)"
    ]


def test_a_reference_is_any_smiles_of_the_molecule() -> None:
    assert list(resolve("rediscovery:OC(=O)c1ccccc1OC(C)=O").scorer([ASPIRIN])) == [1.0]
    with pytest.raises(MoleculeError, match="syntax"):
        resolve("similarity:C1CC")


def test_a_fitted_model_is_an_objective() -> None:
    resolved = resolve(Length())
    assert call(resolved.scorer, ["C", "CC"], resolved.name) == [{"prediction": 1.0}, {"prediction": 2.0}]


def test_a_table_calls_everything_under_its_name() -> None:
    resolved = resolve({"size": Length(), "sa": "sa_score", "two": lambda smiles: [{"a": 1, "b": None}] * len(smiles)})
    [values] = call(resolved.scorer, ["C"], resolved.name)
    assert values is not None
    assert list(values) == ["size", "sa", "two.a", "two.b"]
    assert resolved.goals == {"size": Goal(), "sa": Goal("minimize"), "two": Goal()}


def test_a_function_of_a_file_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "molvae_test_scorer.py").write_text("def length(smiles):\n    return [len(s) for s in smiles]\n")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    resolved = resolve("molvae_test_scorer:length")
    monkeypatch.delitem(sys.modules, "molvae_test_scorer")
    assert (list(resolved.scorer(["CCO"])), resolved.name) == ([3], "length")
    assert sys.path == path


def test_a_module_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "molvae_test_broken.py").write_text("1 / 0\n")
    (tmp_path / "molvae_test_needy.py").write_text("import molvae_test_nothing\n")
    monkeypatch.chdir(tmp_path)
    for text, why in (
        ("molvae_test_broken:f", "cannot be imported: ZeroDivisionError"),
        ("molvae_test_needy:f", "cannot be imported: ModuleNotFoundError: No module named 'molvae_test_nothing'"),
        ("molvae_test_absent:f", "there is no module molvae_test_absent, neither in"),
        ("json:absent", "the module json has no function absent"),
    ):
        with pytest.raises(ConfigError, match=why):
            resolve(text)


@pytest.mark.parametrize(
    ("target", "why"),
    [("qde", "did you mean 'qed'"), ("", "there is no objective ''"), ("qed:CC", "is written qed"),
     ("similarity", "is written similarity:SMILES"), (3, "got int"), (Length, "got type"), ({}, "must not be empty")],
)  # fmt: skip
def test_what_is_no_objective_is_refused(target: object, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        resolve(target)


def test_a_description_names_the_function() -> None:
    assert described({"a": "qed", "b": described, "c": Length()}) == {
        "a": "qed",
        "b": "molvae.optimize.scorers:described",
        "c": f"{__name__}:Length",
    }
