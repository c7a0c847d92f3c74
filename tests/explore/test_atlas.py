"""The map: rows keep their names, places are those of the plane, moves follow the directions."""

from __future__ import annotations

import numpy as np
import pytest

from molvae.chem import tanimoto
from molvae.errors import DataError, MoleculeError
from molvae.explore.atlas import PROPERTIES, Atlas
from molvae.latent.space import LatentSpace

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def test_refused_rows_are_counted_and_the_others_keep_their_names(atlas: Atlas) -> None:
    assert (len(atlas.places), atlas.refused) == (40, 2)
    assert atlas.places[atlas.names.index("aspirin")].smiles == ASPIRIN
    assert set(atlas.directions) == set(PROPERTIES)


def test_a_molecule_typed_lies_where_it_lies_in_the_library(atlas: Atlas) -> None:
    place, known = atlas.place("OC(=O)c1ccccc1OC(C)=O"), atlas.places[atlas.names.index("aspirin")]
    assert place.smiles == known.smiles
    assert (place.x, place.y) == pytest.approx((known.x, known.y), rel=1e-3, abs=1e-3)
    assert place.properties == known.properties


def test_no_step_decodes_the_molecule_itself_and_steps_end_where_the_space_says(atlas: Atlas) -> None:
    space = atlas.space
    [row] = space.reconstruct([ASPIRIN])
    still = atlas.moved(ASPIRIN, {})
    assert (still.smiles if still else None) == row.decoded
    direction = atlas.directions["logp"]
    [step] = space.traverse(ASPIRIN, direction, [2.0])
    moved = atlas.moved(ASPIRIN, {"logp": 2.0})
    assert (moved.smiles if moved else None) == step.smiles


def test_the_similar_ones_come_nearest_first(atlas: Atlas) -> None:
    found = atlas.similar(ASPIRIN, 40)
    assert found[0] == (atlas.names.index("aspirin"), 1.0)
    values = [value for _, value in found]
    assert values == sorted(values, reverse=True)
    assert values == [tanimoto(ASPIRIN, atlas.places[row].smiles) for row, _ in found]


def test_a_path_has_every_step_and_places_its_molecules(atlas: Atlas) -> None:
    steps = atlas.path(ASPIRIN, "CC(=O)Nc1ccc(O)cc1", 5)
    assert len(steps) == 5
    for place, to_start, _ in steps:
        assert (place is None) == np.isnan(to_start)


def test_what_the_model_refuses_and_unknown_directions_are_refused(atlas: Atlas, space: LatentSpace) -> None:
    with pytest.raises(MoleculeError, match="kekulize"):
        atlas.place("c1cccc1")
    with pytest.raises(ValueError, match="no direction 'magic'"):
        atlas.moved(ASPIRIN, {"magic": 1.0})
    with pytest.raises(DataError, match=r"at least 4 molecules that the model takes, got 1 \(2 mixture\)"):
        Atlas.of(space, ["CCO.C", "CCO", "CCN.C"])
    with pytest.raises(DataError, match="no molecules"):
        Atlas.of(space, [])
