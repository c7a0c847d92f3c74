"""How often training sees each molecule, so that small sources and rare symbols are learned too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molvae.datasets.shards import TokenShard

_COMMON = 1_000  # molecules; a symbol that so many have needs no help
_MOST = 10.0  # how much more often a molecule with a rare symbol is seen than others of its source, at most


def source_weights(shard: TokenShard, rows: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """Return the weight of each of `rows` (m,) by the size of its source: (largest source / own source)^balance.

    With `balance` 0 every molecule counts alike, with 1 every source; between them lies the tempered sampling of
    multilingual models (Devlin et al., BERT, multilingual release; Conneau et al., arXiv:1911.02116, eq. 1).
    """
    source = shard.group_of(rows)
    counts = np.bincount(source)
    weights: NDArray[np.float64] = (counts.max() / counts[source]) ** balance
    return weights


def symbol_weights(shard: TokenShard, rows: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """Return the weight of each of `rows` (m,) by its rarest symbol: (1,000 / molecules with it)^balance, 1 to 10."""
    if balance == 0:
        return np.ones(len(rows))
    owner = np.repeat(np.arange(len(shard)), shard.lengths)
    pairs = np.unique(owner * len(shard.vocabulary) + shard.tokens)  # one of each molecule and symbol
    molecule, symbol = np.divmod(pairs, len(shard.vocabulary))
    holders = np.bincount(symbol, minlength=len(shard.vocabulary))
    rarest = np.full(len(shard), len(shard))
    np.minimum.at(rarest, molecule, holders[symbol])
    weights: NDArray[np.float64] = np.clip((_COMMON / rarest[rows]) ** balance, 1.0, _MOST)
    return weights
