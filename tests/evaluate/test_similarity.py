from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from rdkit import DataStructs
from rdkit.Chem import MolFromSmiles, rdFingerprintGenerator

from molvae.evaluate import similarity
from molvae.evaluate.bulk import fingerprint_many
from molvae.evaluate.similarity import bit_counts, mean_similarity, nearest_other_similarity, nearest_similarity


@pytest.fixture(params=[7, 4096])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows of a block: fewer than there are fingerprints, and more."""
    monkeypatch.setattr(similarity, "_ROWS", request.param)
    return int(request.param)


@pytest.fixture(scope="module")
def prints(wehi_smiles: list[str]) -> NDArray[np.uint8]:
    """Fingerprints of 60 molecules."""
    return fingerprint_many(wehi_smiles[:60])


@pytest.fixture(scope="module")
def expected(wehi_smiles: list[str]) -> NDArray[np.float64]:
    """Their similarities by RDKit, (60, 60)."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    bits = [generator.GetFingerprint(MolFromSmiles(smiles)) for smiles in wehi_smiles[:60]]
    return np.array([DataStructs.BulkTanimotoSimilarity(each, bits) for each in bits])


def test_nearest_is_that_of_rdkit(prints: NDArray[np.uint8], expected: NDArray[np.float64], block: int) -> None:
    found = nearest_similarity(prints[:25], prints[25:], threads=1)
    np.testing.assert_allclose(found, expected[:25, 25:].max(axis=1), rtol=1e-12)
    assert nearest_similarity(prints, prints, threads=2).tolist() == [1.0] * 60


@pytest.mark.parametrize("power", [1, 2])
def test_means_are_those_of_rdkit(
    prints: NDArray[np.uint8], expected: NDArray[np.float64], power: int, block: int
) -> None:
    found = mean_similarity(prints, power=power, threads=1)
    np.testing.assert_allclose(found, (expected**power).mean(axis=1) ** (1 / power), rtol=1e-6)
    across = mean_similarity(prints[:20], prints[20:], power=power, threads=2)
    np.testing.assert_allclose(across, (expected[:20, 20:] ** power).mean(axis=1) ** (1 / power), rtol=1e-6)


def test_the_nearest_other_is_never_the_row_itself(
    prints: NDArray[np.uint8], expected: NDArray[np.float64], block: int
) -> None:
    others = expected - 2 * np.eye(60)
    np.testing.assert_allclose(nearest_other_similarity(prints, threads=1), others.max(axis=1), rtol=1e-6)
    assert nearest_other_similarity(prints[:1], threads=1).tolist() == [0.0]
    doubled = np.concatenate([prints[:3], prints[:3]])
    assert nearest_other_similarity(doubled, threads=1).tolist() == [1.0] * 6


def test_empty_fingerprints_are_alike_and_unlike_all_others(prints: NDArray[np.uint8]) -> None:
    empty = np.zeros((1, 128), dtype=np.uint8)
    assert nearest_similarity(empty, prints, threads=1).tolist() == [0.0]
    assert nearest_similarity(empty, np.concatenate([prints, empty]), threads=1).tolist() == [1.0]
    assert mean_similarity(empty, threads=1).tolist() == [1.0]


def test_counts_beyond_the_integers_of_bf16_stay_exact() -> None:
    bits = np.random.default_rng(0).random((20, 1024)) < 0.7  # about 717 set bits, 500 in common
    packed = np.packbits(bits, axis=1)
    common = bits.astype(int) @ bits.T
    exact = common / (bits.sum(1)[:, None] + bits.sum(1)[None, :] - common)
    assert bit_counts(packed).tolist() == bits.sum(1).tolist()
    np.testing.assert_allclose(nearest_similarity(packed[:5], packed[5:], threads=1), exact[:5, 5:].max(1), rtol=1e-12)


def test_shapes_that_do_not_fit_are_named(prints: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="packed rows of one width"):
        nearest_similarity(prints, prints[:, :64])
