"""Small sources and rare symbols count more, by the formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molvae.chem.settings import Standardization
from molvae.datasets.shards import TokenChunk, TokenShard, write_shard
from molvae.datasets.weights import source_weights, symbol_weights
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary

COUNTS = {"large": 3_000, "small": 30}


@pytest.fixture
def shard(tmp_path: Path) -> TokenShard:
    """3,000 and 30 molecules of "[C]", the last ten of which also hold "[N]"."""
    vocabulary = Vocabulary.from_symbols(["[C]", "[N]"])
    carbon, nitrogen = vocabulary.encode(["[C]", "[N]"])
    rows = [[carbon, carbon]] * 3_020 + [[carbon, nitrogen]] * 10
    return write_shard(
        tmp_path / "shard",
        [TokenChunk.from_rows(rows, ["C"] * len(rows))],
        vocabulary=vocabulary,
        constraints=DEFAULT_CONSTRAINTS,
        standardization=Standardization(),
        sources=[{"name": name, "sha256": "", "molecules": count} for name, count in COUNTS.items()],
    )


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_a_source_counts_by_a_power_of_its_size(shard: TokenShard, balance: float) -> None:
    assert [(name, len(span)) for name, span in shard.groups] == list(COUNTS.items())
    weights = source_weights(shard, np.arange(len(shard)), balance)
    np.testing.assert_allclose(weights[:3_000], 1)
    np.testing.assert_allclose(weights[3_000:], 100**balance)


def test_with_full_balance_every_source_has_the_same_share_of_the_rows_given(shard: TokenShard) -> None:
    rows = np.concatenate([np.arange(0, 3_000, 7), np.arange(3_000, 3_030, 2)])
    weights = source_weights(shard, rows, 1.0)
    assert weights[rows < 3_000].sum() == pytest.approx(weights[rows >= 3_000].sum())


def test_a_molecule_counts_by_its_rarest_symbol(shard: TokenShard) -> None:
    weights = symbol_weights(shard, np.arange(len(shard)), 0.4)
    np.testing.assert_allclose(weights[:-10], 1)
    np.testing.assert_allclose(weights[-10:], (1_000 / 10) ** 0.4)
    assert symbol_weights(shard, np.arange(len(shard)), 1.0).max() == 10
