from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from molvae.chem import canonical_smiles
from molvae.chem.fingerprints import tanimoto_to
from molvae.latent.neighborhood import RadiusCurve, find_neighbors, measure_radius_curve, settled
from molvae.latent.results import Encoding


def steps_to(*similarities: float) -> RadiusCurve:
    """Return a curve in which the i-th radius, 2^i / 2, leads to the i-th similarity in a third of the steps."""
    shares = np.zeros((len(similarities), 20))
    shares[np.arange(len(similarities)), (np.array(similarities) * 20).astype(int)] = 1 / 3
    return RadiusCurve(tuple(0.5 * 2.0**i for i in range(len(shares))), tuple(map(tuple, shares.tolist())))


CURVE = steps_to(0.92, 0.72, 0.52, 0.12)


ATOMS = np.random.default_rng(0).choice(["C", "N", "O", "S"], 40)  # a long chain with no two places alike
CHAIN = canonical_smiles("".join(ATOMS))


def decode(z: NDArray[np.float32]) -> list[str | None]:
    """Stand in for a model: the further a point from the origin, the more atoms of the chain get a fluorine."""
    result: list[str | None] = []
    for point in z:
        atoms = ATOMS.astype(object)
        count = int(np.linalg.norm(point) * 2)
        places = np.random.default_rng(abs(int(point[0] * 1e4))).permutation(40)[:count]
        atoms[places] = "C(F)"
        result.append(canonical_smiles("".join(atoms)) if count < 40 else None)
    return result


@pytest.fixture
def chain() -> Encoding:
    """The chain at the origin, with a posterior of unit width in 4 dimensions."""
    zero = np.zeros((1, 4), np.float32)
    return Encoding(zero, zero, (CHAIN,), ("ok",), ("",), ((),))


@pytest.mark.parametrize(("similarity", "radius"), [(0.95, 0.5), (0.7, 1.0), (0.5, 2.0), (0.1, 4.0)])
def test_the_radius_is_the_one_that_leads_there_most_often(similarity: float, radius: float) -> None:
    assert CURVE.radius(similarity) == radius
    assert CURVE.hit_rates(similarity).max() == pytest.approx(1 / 3)


def test_a_curve_survives_json_and_anything_else_is_no_curve() -> None:
    assert RadiusCurve.from_json(json.loads(json.dumps(CURVE.as_json()))) == CURVE
    good = CURVE.as_json()
    for value in (None, 3, {}, good | {"radii": [1.0]}, good | {"radii": [0, 1, 2, 3]}, good | {"shares": "x"}):
        assert RadiusCurve.from_json(value) is None


def test_further_steps_lead_to_less_similar_molecules(chain: Encoding) -> None:
    curve = measure_radius_curve(decode, chain)
    assert curve == measure_radius_curve(decode, chain)
    assert curve.radius(0.9) < curve.radius(0.5) < curve.radius(0.2)
    assert np.array(curve.shares).sum(axis=1).max() <= 1


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("curve", [CURVE, steps_to(0.02, 0.02, 0.02, 0.02, 0.02)])
def test_neighbours_have_about_the_similarity_asked_for(chain: Encoding, similarity: float, curve: RadiusCurve) -> None:
    found = find_neighbors(decode, curve, chain, n=6, similarity=similarity, rng=np.random.default_rng(0))
    assert len(found) == 6
    assert found.mean_similarity == pytest.approx(similarity, abs=0.03)
    np.testing.assert_allclose([row.similarity for row in found], tanimoto_to(CHAIN, found.smiles))


def test_a_model_that_gives_nothing_back_still_has_a_curve(chain: Encoding) -> None:
    nothing = settled(lambda smiles: chain[:0], lambda z: [], [])
    assert len(nothing) == 0
    curve = measure_radius_curve(lambda z: [], nothing)
    found = find_neighbors(decode, curve, chain, n=4, similarity=0.5, rng=np.random.default_rng(0))
    assert len(found) == 4


def test_molecules_settle_where_the_model_gives_them_back() -> None:
    def encode(smiles: Sequence[str]) -> Encoding:
        n = len(smiles)
        lengths = np.array([[len(text)] for text in smiles], np.float32).reshape(n, 1)
        return Encoding(lengths, lengths, tuple(smiles), ("ok",) * n, ("",) * n, ((),) * n)

    def shorten(z: NDArray[np.float32]) -> list[str | None]:  # every chain longer than two loses an atom
        return ["C" * max(2, int(length) - 1) for length in z[:, 0]]

    assert settled(encode, shorten, ["C" * 5, "C" * 3]).smiles == ("CC",)


def test_a_model_that_knows_one_molecule_has_few_neighbours(chain: Encoding) -> None:
    def collapsed(z: NDArray[np.float32]) -> Sequence[str | None]:
        return [CHAIN if i % 2 else "CCO" for i in range(len(z))]

    found = find_neighbors(collapsed, CURVE, chain, n=5, similarity=0.6, rng=np.random.default_rng(0))
    assert found.smiles == ["CCO"]
    assert found.asked == 5
