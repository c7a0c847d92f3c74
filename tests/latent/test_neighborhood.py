from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from molvae.chem import canonical_smiles
from molvae.chem.fingerprints import tanimoto_to
from molvae.latent.neighborhood import RadiusCurve, find_neighbors, measure_radius_curve, settled
from molvae.latent.results import Encoding

CURVE = RadiusCurve((0.5, 1.0, 2.0, 4.0), (0.9, 0.7, 0.7, 0.1))


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


@given(a=st.floats(0.01, 0.99), b=st.floats(0.01, 0.99))
def test_a_higher_similarity_is_never_further_away(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert CURVE.radius(high) <= CURVE.radius(low)
    assert 0.5 <= CURVE.radius(a) <= 4.0


def test_a_radius_between_two_measured_ones_is_interpolated() -> None:
    assert CURVE.radius(0.9) == pytest.approx(0.5)
    assert CURVE.radius(0.8) == pytest.approx(np.sqrt(0.5))
    assert CURVE.radius(0.4) == pytest.approx(np.sqrt(8))


def test_a_curve_survives_json_and_anything_else_is_no_curve() -> None:
    assert RadiusCurve.from_json(CURVE.as_json()) == CURVE
    for value in (None, 3, {}, {"radii": [1.0], "similarities": [0.5]}, {"radii": [0.0, 1.0], "similarities": [1, 0]},
                  {"radii": [1.0, 2.0], "similarities": [1.0, "x"]}):  # fmt: skip
        assert RadiusCurve.from_json(value) is None


def test_the_measured_curve_falls(chain: Encoding) -> None:
    curve = measure_radius_curve(decode, chain)
    assert list(curve.radii) == sorted(curve.radii)
    assert list(curve.similarities) == sorted(curve.similarities, reverse=True)
    assert curve == measure_radius_curve(decode, chain)
    assert curve.similarities[0] > 0.9
    assert curve.similarities[-1] < 0.3


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("curve", [CURVE, RadiusCurve((0.1, 32.0), (1.0, 1.0))])
def test_neighbours_have_about_the_similarity_asked_for(chain: Encoding, similarity: float, curve: RadiusCurve) -> None:
    found = find_neighbors(decode, curve, chain, n=6, similarity=similarity, rng=np.random.default_rng(0))
    assert len(found) == 6
    assert found.mean_similarity == pytest.approx(similarity, abs=0.08)
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
