from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from molvae.errors import DataError
from molvae.evaluate import moses
from molvae.evaluate.chemnet import activations
from molvae.evaluate.features import measure_features
from molvae.evaluate.frechet import Moments
from molvae.evaluate.measure import Measure
from molvae.evaluate.statistics import Statistics, measure_statistics

# What molsets 0.3.1 tests itself with: these samples, against these two molecules, must give these figures. Its SA is
# left out: RDKit has since changed the scores of CNC and CCCP, though of none of 400 molecules of MOSES.
SAMPLES = [
    "CNC",
    "Oc1ccccc1-c1cccc2cnccc12",
    "INVALID",
    "CCCP",
    "Cc1noc(C)c1CN(C)C(=O)Nc1cc(F)cc(F)c1",
    "Cc1nc(NCc2ccccc2)no1-c1ccccc1",
]
TEST = ["Oc1ccccc1-c1cccc2cnccc12", "COc1cccc(NC(=O)Cc2coc3ccc(OC)cc23)c1"]
PUBLISHED = {
    "valid": 2 / 3,
    "unique@1000": 1.0,
    "Filters": 0.75,
    "FCD/Test": 52.58371754126664,
    "SNN/Test": 0.3152585653588176,
    "Frag/Test": 0.3,
    "Scaf/Test": 0.5,
    "IntDiv": 0.7189187309761661,
    "logP": 1.63229,
    "QED": 0.20370891752648637,
    "weight": 106.87,
}


@pytest.fixture(scope="module")
def measures() -> dict[str, Measure]:
    features = measure_features(SAMPLES, filters=["[Cl]"])
    samples = Statistics.of(features, Moments.of(activations(features.smiles, threads=1)))
    test = measure_statistics(TEST, threads=1)
    found = [
        *moses.sample_measures(features, {"CNC", "unknown"}),
        *moses.reference_measures(samples, test, "Test", threads=1),
        *moses.diversity_measures(samples.fingerprints, threads=1),
        *moses.property_measures(samples, test),
    ]
    return {measure.name: measure for measure in found}


@pytest.mark.parametrize("name", PUBLISHED)
def test_figures_are_those_that_the_published_code_tests_itself_with(measures: dict[str, Measure], name: str) -> None:
    assert measures[name].value == pytest.approx(PUBLISHED[name], rel=1e-5)


def test_each_figure_has_its_denominator(measures: dict[str, Measure]) -> None:
    assert (measures["valid"].of, measures["unique@1000"].of, measures["FCD/Test"].of) == (6, 4, 4)
    assert measures["unique@1000"].note == "only 4 valid samples"
    assert measures["Novelty"] == Measure("Novelty", 0.75, 4, "of the distinct valid samples")


def test_repeated_molecules_count_in_unique_and_once_in_novelty() -> None:
    features = measure_features(["CCO", "OCC", "CC", None])
    found = {measure.name: measure for measure in moses.sample_measures(features, {"CC"})}
    assert (found["valid"].value, found["unique@1000"].value, found["Novelty"].value) == (0.75, 2 / 3, 0.5)
    assert math.isnan(found["Filters"].value)
    assert "data prepare moses" in found["Filters"].note


def test_no_valid_sample_gives_nan_and_no_error() -> None:
    features = measure_features(["C1CC"])
    nothing = Statistics.of(features, Moments.of(activations(features.smiles)))
    test = measure_statistics(TEST, threads=1)
    found = [
        *moses.sample_measures(features, None),
        *moses.reference_measures(nothing, test, "Test", threads=1),
        *moses.diversity_measures(nothing.fingerprints),
        *moses.property_measures(nothing, test),
        moses.frechet_floor(nothing.moments, test.moments, "Test"),
    ]
    assert found[0] == Measure("valid", 0.0, 1)
    assert all(math.isnan(measure.value) and measure.of == 0 for measure in found[1:])


def test_a_set_is_all_it_can_be_against_itself() -> None:
    test = measure_statistics(TEST, threads=1)
    found = {measure.name: measure.value for measure in moses.reference_measures(test, test, "Test", threads=1)}
    assert found == pytest.approx({"FCD/Test": 0, "SNN/Test": 1, "Frag/Test": 1, "Scaf/Test": 1}, abs=1e-6)
    assert [measure.value for measure in moses.property_measures(test, test)] == [0.0] * 4


def test_counts_of_nothing_have_no_angle() -> None:
    assert math.isnan(moses.cosine_similarity(Counter(), Counter("a")))
    assert moses.cosine_similarity(Counter("a"), Counter("b")) == 0


def test_filters_that_are_not_here_are_not_fetched_unasked(cache: Path) -> None:
    with pytest.raises(DataError, match=r"mcf\.csv of MOSES is not here; fetch it with: molvae data prepare moses"):
        moses.moses_filters(fetch=False)


def test_patterns_are_read_from_both_kinds_of_table(tmp_path: Path) -> None:
    (tmp_path / "named.csv").write_text('names,smarts\nMCF1,[#6]=&!@[#6]\nMCF4,"[H]C([H])[F,Cl]"\n')
    (tmp_path / "plain.csv").write_text('"c1ccccc1   ","<regId=a(1)>"\n')
    assert moses.read_smarts(tmp_path / "named.csv", "smarts") == ["[#6]=&!@[#6]", "[H]C([H])[F,Cl]"]
    assert moses.read_smarts(tmp_path / "plain.csv") == ["c1ccccc1"]
