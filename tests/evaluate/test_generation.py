from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from molvae.errors import DataError, MissingExtraError
from molvae.evaluate import moses
from molvae.evaluate.chemnet import chemnet
from molvae.evaluate.generation import GROUPS, GenerationReport, evaluate_generation, model_measures
from molvae.evaluate.reference import Reference
from molvae.evaluate.resources import Resources
from molvae.latent.space import LatentSpace

ONE_THREAD = Resources(threads=1)


@pytest.fixture(scope="module")
def report(
    reference: Reference, space: LatentSpace, small: list[str], tmp_path_factory: pytest.TempPathFactory
) -> GenerationReport:
    """Of 30 molecules of the training set, two invalid ones and a repeated one."""
    samples = [*small[100:130], "C1CC", None, small[100]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOLVAE_DATA", str(tmp_path_factory.mktemp("cache")))
        return evaluate_generation(samples, reference, space=space, resources=ONE_THREAD)


def test_every_group_has_its_figures(report: GenerationReport, space: LatentSpace) -> None:
    assert tuple(report.groups) == GROUPS
    assert (report.n, report["valid"].of, report["valid"].value) == (33, 33, 31 / 33)
    assert report["unique@1000"].value == 30 / 31
    assert report["Novelty"].value == 0  # all are of the training set
    assert report["nearest training molecule"].value == 1
    assert report["FCD/Test"].of == report["FCD/Test floor"].of == 31
    assert report["active units"].value <= space.latent_dim
    with pytest.raises(KeyError, match="no figure 'FCD/TestSF'"):
        report["FCD/TestSF"]  # only MOSES has a second test set


def test_the_report_is_json_with_denominators(report: GenerationReport) -> None:
    values = json.loads(json.dumps(report.as_json()))
    assert values["moses"]["valid"] == {"value": 31 / 33, "of": 33}
    assert values["reference"] == "test.smi"
    assert values["weights"]["KL"]["note"] == "nats per molecule"


def test_the_reference_itself_has_no_distance(
    reference: Reference, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evaluate_generation(reference.molecules, reference, groups=["moses"], resources=ONE_THREAD)
    assert list(found.groups) == ["moses"]
    assert found["FCD/Test"].value == pytest.approx(0, abs=1e-4)
    assert found["SNN/Test"].value == found["Novelty"].value == 1
    assert found["Frag/Test"].value == pytest.approx(1)


def test_filters_enter_where_they_are_here(
    reference: Reference, cache: Path, monkeypatch: pytest.MonkeyPatch, small: list[str]
) -> None:
    monkeypatch.setattr(moses, "moses_filters", lambda *, fetch: ("[#6]",))
    assert evaluate_generation(small[:5], reference, groups=["moses"], resources=ONE_THREAD)["Filters"].value == 0


def test_what_needs_no_chemnet_runs_without_it(
    reference: Reference, cache: Path, monkeypatch: pytest.MonkeyPatch, small: list[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    chemnet.cache_clear()
    found = evaluate_generation(small[:5], reference, groups=["coverage"], resources=ONE_THREAD)
    assert list(found.groups) == ["coverage"]
    with pytest.raises(MissingExtraError, match="metrics"):
        evaluate_generation(small[:5], reference, groups=["guacamol"])


def test_no_samples_and_unknown_groups_are_refused(reference: Reference) -> None:
    with pytest.raises(DataError, match="no samples"):
        evaluate_generation([], reference)
    with pytest.raises(ValueError, match="groups must be among moses, guacamol, coverage, weights, got 'fcd'"):
        evaluate_generation(["C"], reference, groups=["fcd"])


def test_a_model_that_takes_none_of_the_molecules_says_so(space: LatentSpace) -> None:
    [exact] = model_measures(space, ["[Fe]"])
    assert (exact.of, exact.note) == (0, "no reference molecule was taken")
