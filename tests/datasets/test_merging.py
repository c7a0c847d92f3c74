"""One shard of several holds what one shard of all files would."""

from __future__ import annotations

from pathlib import Path

import pytest

from molvae.chem.settings import Standardization
from molvae.datasets import TokenShard, merge_shards, prepare_smiles
from molvae.errors import DataError

FIRST, SECOND = ["OCC", "c1ccccc1", "CC(=O)O"], ["C#N", "CCO", "CCCl", "C1=CC=CC=C1", "C[Si](C)(C)C"]


@pytest.fixture
def shards(tmp_path: Path) -> list[TokenShard]:
    return [prepare_smiles(smiles, tmp_path / str(number)) for number, smiles in enumerate((FIRST, SECOND))]


def test_it_equals_the_shard_of_all_molecules(shards: list[TokenShard], tmp_path: Path) -> None:
    merged, whole = merge_shards(shards, tmp_path / "merged"), prepare_smiles(FIRST + SECOND, tmp_path / "whole")
    assert merged.data_hash == whole.data_hash
    assert (merged.report.read, merged.report.kept, merged.report.duplicates) == (8, 6, 2)
    assert merged.report == whole.report
    assert TokenShard.open(merged.path, verify=True).vocabulary == whole.vocabulary


def test_the_molecules_of_a_source_stay_together(shards: list[TokenShard], tmp_path: Path) -> None:
    merged = merge_shards(shards, tmp_path / "merged")
    assert [list(merged.smiles(span)) for _, span in merged.groups] == [
        ["CCO", "c1ccccc1", "CC(=O)O"],
        ["C#N", "CCCl", "C[Si](C)(C)C"],
    ]
    again = merge_shards([merged, merged], tmp_path / "again")
    assert [(name, len(span)) for name, span in again.groups] == [("", 3), ("", 3)]


def test_shards_of_different_settings_are_refused(shards: list[TokenShard], tmp_path: Path) -> None:
    flat = prepare_smiles(FIRST, tmp_path / "flat", standardization=Standardization(keep_stereo=False))
    with pytest.raises(DataError, match="under another standardization setting than"):
        merge_shards([shards[0], flat], tmp_path / "merged")
    with pytest.raises(DataError, match="at least one shard"):
        merge_shards([], tmp_path / "merged")
    with pytest.raises(DataError, match="exists: choose another folder"):
        merge_shards(shards, shards[0].path)
    assert not (tmp_path / "merged").exists()
