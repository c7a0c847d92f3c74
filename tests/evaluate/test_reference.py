from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molvae.errors import DataError
from molvae.evaluate import reference as module
from molvae.evaluate.frechet import frechet_distance
from molvae.evaluate.reference import (
    Reference,
    draw,
    kept_moments,
    load_reference,
    read_smiles,
    read_source,
    real_pair,
    training_fingerprints,
)
from molvae.evaluate.resources import Resources

ONE_THREAD = Resources(threads=1)


def test_a_draw_keeps_the_order_and_is_the_same_for_a_seed() -> None:
    chosen = draw(range(1000), 50, seed=3)
    assert chosen == sorted(set(chosen)) == draw(range(1000), 50, seed=3) != draw(range(1000), 50, seed=4)
    assert draw("abc", 5, seed=0) == ["a", "b", "c"]


def test_sources_are_files_data_sets_and_their_splits(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "mine.smi").write_text("CCO first\n\nC1CC broken\n")
    assert [row.smiles for row in read_source(str(tmp_path / "mine.smi"))] == ["CCO", None, "C1CC"]
    assert read_smiles(str(tmp_path / "mine.smi")) == ["CCO", "C1CC"]
    assert len(read_source("wehi10k")) == 10_000
    (cache / "moses").mkdir(parents=True)
    with pytest.raises(DataError, match="no split 'middle', only train, test, test_scaffolds"):
        read_source("moses-middle")
    with pytest.raises(DataError, match="did you mean 'nci'"):
        read_source("ncii")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.smi").write_text("\n")
    with pytest.raises(DataError, match=r"mine\.smi holds no molecules"):
        read_source(str(tmp_path / "mine.smi"))


def test_a_file_is_a_reference_and_its_own_training_set(
    tmp_path: Path, cache: Path, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.smi").write_text("\n".join([*small[:12], "C1CC"]))
    first = load_reference(str(tmp_path / "mine.smi"), resources=ONE_THREAD)
    assert (first.name, first.held_out, first.test_scaffolds) == ("mine.smi", False, None)
    assert len(first.train) == len(first.molecules) == first.test.moments.n == 12
    monkeypatch.setattr(module, "measure_statistics", None)  # a second call must not measure again
    again = load_reference(str(tmp_path / "mine.smi"), resources=ONE_THREAD)
    np.testing.assert_array_equal(again.test.moments.covariance, first.test.moments.covariance)


def test_a_training_set_that_shares_molecules_is_not_held_out(tmp_path: Path, cache: Path, small: list[str]) -> None:
    for name, molecules in (("test.smi", small[:6]), ("other.smi", small[6:9]), ("shared.smi", small[5:9])):
        (tmp_path / name).write_text("\n".join(molecules))
    test = str(tmp_path / "test.smi")
    assert load_reference(test, train=str(tmp_path / "other.smi"), resources=ONE_THREAD).held_out
    assert not load_reference(test, train=str(tmp_path / "shared.smi"), resources=ONE_THREAD).held_out


def test_damaged_statistics_are_measured_again(tmp_path: Path, cache: Path, small: list[str]) -> None:
    (tmp_path / "mine.smi").write_text("\n".join(small[:5]))
    load_reference(str(tmp_path / "mine.smi"), resources=ONE_THREAD)
    [kept] = (cache / "statistics").iterdir()
    kept.write_bytes(b"damaged")
    assert load_reference(str(tmp_path / "mine.smi"), resources=ONE_THREAD).test.moments.n == 5
    kept_moments(small[:3], ONE_THREAD)
    [moments] = (cache / "statistics").glob("moments-*")
    moments.write_bytes(b"PK")
    assert kept_moments(small[:3], ONE_THREAD).n == 3


def test_the_floor_compares_molecules_that_both_sides_do_not_share(reference: Reference, cache: Path) -> None:
    real, test = real_pair(reference, reference.test.moments, 20, 0, ONE_THREAD)
    assert (real.n, test.n) == (20, 100)
    own = Reference("own", reference.molecules, reference.test, None, reference.molecules, held_out=False)
    halves = real_pair(own, own.test.moments, 80, 0, ONE_THREAD)
    assert [half.n for half in halves] == [50, 50]
    assert frechet_distance(*halves) > 1  # a set and itself would have 0


def test_fingerprints_of_the_training_set_are_kept(reference: Reference, cache: Path) -> None:
    first, again = (training_fingerprints(reference, ONE_THREAD) for _ in range(2))
    assert first.shape == (50, 128)
    np.testing.assert_array_equal(first, again)
    assert len(list((cache / "statistics").glob("fingerprints-*"))) == 1
