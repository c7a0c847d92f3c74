from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from molvae.errors import DataError
from molvae.evaluate.frechet import Moments
from molvae.evaluate.statistics import Statistics, measure_statistics, set_hash


def test_statistics_come_back_from_the_disk(tmp_path: Path, wehi_smiles: list[str]) -> None:
    written = measure_statistics(wehi_smiles[:12], threads=1)
    written.save(tmp_path / "kept.npz")
    read = Statistics.load(tmp_path / "kept.npz")
    assert read.moments.n == 12
    np.testing.assert_array_equal(read.moments.covariance, written.moments.covariance)
    np.testing.assert_array_equal(read.fingerprints, written.fingerprints)
    assert (read.fragments, read.scaffolds) == (written.fragments, written.scaffolds)
    assert read.properties.keys() == {"logp", "sa", "qed", "weight"}
    np.testing.assert_array_equal(read.properties["qed"], written.properties["qed"])


def test_empty_counters_come_back_empty(tmp_path: Path) -> None:
    moments = Moments(0, np.zeros(3), np.zeros((3, 3)))
    empty: Counter[str] = Counter()
    Statistics(moments, np.zeros((0, 128), np.uint8), empty, Counter({"c1ccccc1": 2}), {}).save(tmp_path / "kept.npz")
    read = Statistics.load(tmp_path / "kept.npz")
    assert (read.fragments, read.scaffolds, read.properties) == (Counter(), Counter({"c1ccccc1": 2}), {})


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kept.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"kept\.npz holds no statistics"):
        Statistics.load(tmp_path / "kept.npz")


def test_another_format_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "kept.npz", format=np.array(99))
    with pytest.raises(DataError, match="format 99"):
        Statistics.load(tmp_path / "kept.npz")


def test_the_hash_is_of_the_molecules_in_their_order() -> None:
    assert set_hash(["C", "CC"]) == set_hash(("C", "CC"))
    assert len({set_hash(["C", "CC"]), set_hash(["CC", "C"]), set_hash(["CCC"]), set_hash([])}) == 4
