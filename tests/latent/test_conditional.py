"""Molecules on demand: whatever comes back has been verified, and what was tried is told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molvae.chem.descriptors import descriptors
from molvae.chem.growth import Scaffold
from molvae.errors import ConfigError, MoleculeError
from molvae.latent.space import LatentSpace

WANTED = {"logp": (0.5, 3.0), "molecular_weight": (None, 250.0)}


@pytest.fixture(scope="module")
def writer(writing_model: Path) -> LatentSpace:
    """A space whose model also writes molecules without z."""
    return LatentSpace.load(writing_model, threads=1, workers=1)


@pytest.mark.parametrize("prior", ["training-set", "normal"])
def test_every_molecule_meets_the_conditions_and_none_comes_twice(writer: LatentSpace, prior: str) -> None:
    found = writer.sample_conditional(20, conditions=WANTED, prior=prior, seed=0)
    assert len(set(found)) == len(found) == 20
    for smiles in found:
        values = descriptors(smiles)
        assert 0.5 <= values.logp <= 3
        assert values.molecular_weight <= 250
    assert 20 <= found.met <= found.tried <= found.limit + 256
    assert found.success_rate == found.met / found.tried
    assert sum(tried for tried, _ in found.ways.values()) == found.tried
    assert sum(met for _, met in found.ways.values()) == found.met
    assert found._repr_html_().count("<img") == 20
    assert f"of {found.tried:,} tries" in found._repr_html_()


@pytest.mark.parametrize("wishes", [{"conditions": WANTED}, {"scaffold": "c1ccccc1"}])
def test_a_longer_sample_begins_with_a_shorter_one_of_its_seed(writer: LatentSpace, wishes: dict[str, Any]) -> None:
    found = writer.sample(15, seed=4, **wishes)
    assert writer.sample(30, seed=4, **wishes)[:15] == found
    assert writer.sample(15, seed=5, **wishes) != found


@pytest.mark.parametrize("text", ["c1ccccc1", "*c1ccc(*)cc1", "*C(N)=O"])
def test_every_molecule_holds_the_scaffold(writer: LatentSpace, text: str) -> None:
    found = writer.sample_conditional(10, scaffold=text, seed=0)
    assert len(found) == 10
    assert all(Scaffold(text).is_in(smiles) for smiles in found)


def test_beginning_with_the_scaffold_succeeds_more_often_than_waiting_for_it(writer: LatentSpace) -> None:
    scaffold = Scaffold("c1ccc2ccccc2c1")
    free = writer.sample(200, seed=0)
    begun = writer.sample_conditional(20, scaffold="c1ccc2ccccc2c1", seed=0)
    assert begun.success_rate > 2 * sum(map(scaffold.is_in, free)) / len(free)


def test_scaffold_and_conditions_hold_together(writer: LatentSpace) -> None:
    found = writer.sample(5, scaffold="c1ccccc1", conditions={"hetero_atoms": (2, 5)}, seed=1)
    assert all(2 <= descriptors(smiles).hetero_atoms <= 5 and Scaffold("c1ccccc1").is_in(smiles) for smiles in found)


def test_what_is_rare_is_reached_by_moves(writer: LatentSpace) -> None:
    written = np.array([descriptors(smiles).logp for smiles in writer.sample(256, seed=0)])
    rare = (float(np.quantile(written, 0.98)), None)
    found = writer.sample_conditional(12, conditions={"logp": rare}, seed=0, limit=2_000)
    assert found.ways["moved"][1] > 0
    assert all(descriptors(smiles).logp >= rare[0] for smiles in found)


@pytest.mark.parametrize("impossible", [{"molecular_weight": (None, 1.0)}, {"formal_charge": (9, 9)}])
def test_what_cannot_be_found_is_said_with_its_way_out(
    writer: LatentSpace, impossible: dict[str, tuple[float | None, float | None]]
) -> None:
    found = writer.sample_conditional(3, conditions=impossible, seed=0, limit=600)
    assert (len(found), found.asked, found.met, found.success_rate) == (0, 3, 0, 0.0)
    assert "0 of 3 molecules" in repr(found)
    with pytest.raises(ValueError, match=r"tries gave 0 of 3 molecules.*widen the conditions"):
        found.complete()


def test_known_molecules_are_left_out(writer: LatentSpace) -> None:
    known = set(writer.sample(10, conditions=WANTED, seed=0))
    assert known.isdisjoint(writer.sample(10, conditions=WANTED, seed=0, novel_to=known))


def test_only_a_prior_without_z_can_write_around_a_scaffold(writer: LatentSpace, space: LatentSpace) -> None:
    with pytest.raises(ValueError, match="training-set"):
        writer.sample(1, scaffold="c1ccccc1", prior="normal")
    with pytest.raises(ValueError, match="null_share"):
        space.sample(1, scaffold="c1ccccc1")


@pytest.mark.parametrize(
    ("wishes", "error", "message"),
    [
        ({"conditions": {"logP": (1, 2)}}, ConfigError, "did you mean 'logp'"),
        ({"conditions": {"logp": (2, 1)}}, ValueError, "rising order"),
        ({"conditions": {"logp": (math.nan, 1)}}, ValueError, "rising order"),
        ({"conditions": {"logp": 3}}, ValueError, "pair"),
        ({"scaffold": "C1CC"}, MoleculeError, "syntax"),
        ({"scaffold": "FC(F)(F)F"}, ValueError, "no atom with a hydrogen"),
    ],
)
def test_a_wish_that_is_none_is_refused(
    writer: LatentSpace, wishes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        writer.sample(1, seed=0, **wishes)
