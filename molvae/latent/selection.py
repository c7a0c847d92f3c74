"""Selecting among the molecules that a null latent writes, and learning what to select from real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from molvae.chem.fingerprints import morgan_environments
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.oddities import Oddity, oddities
from molvae.errors import MoleculeError
from molvae.latent.pipeline import POOL_FROM, Pipeline
from molvae.latent.sampling import draw, symbol_seed
from molvae.model.generation import Sampling
from molvae.model.null_latent import NullLatent
from molvae.model.selection import MOST, RADIUS, WIDTH, Selection
from molvae.tokens.codec import MoleculeCodec

_WRITTEN_FOR_EACH, _WRITTEN = 4, (8_000, 100_000)  # molecules for each real one, at least and at most, to learn from
_LEAST_CANONICAL = 0.05  # share of them below which nothing is learned: sampling would hardly end
_SURELY_KEPT = 0.015  # share of the written molecules whose ratio is above the ceiling: kept, though not often enough
_LEAST_KEPT = 0.2  # share of the written molecules that are kept, on average; the ceiling comes down for it
_LOOKED_AT = 50_000  # molecules of each kind, at most, for the shares of odd ones
_PENALTY = 0.1  # C of the regression; a third of it gives about the same
_PLACES = {code: place for place, code in enumerate(Oddity)}


@dataclass(frozen=True)
class Selector:
    """Says of a molecule that was written whether it is kept; the same for a seed and the number of its row."""

    codec: MoleculeCodec
    selection: Selection
    seed: int

    def __call__(self, number: int, tokens: Sequence[int], smiles: str) -> bool:
        """Return whether `smiles`, canonical, which was written as `tokens` in a row of this number, is kept."""
        if self.codec.encode_as_written(smiles) != tuple(tokens):
            return False
        if self.selection.judges:  # hashed as this selection is, which may come from a file
            environments = morgan_environments(smiles, RADIUS, self.selection.width)
            drawn, share = _uniform(self.seed, number), self.selection.share(environments)
            if drawn >= share:
                return False
            if self.selection.minds_oddities and drawn >= share * self.selection.share_of_odd(_oddities(smiles)):
                return False
        try:  # what the gate refuses, such as a radical, is no training molecule either; few rows come this far
            self.codec.encode(smiles)
        except MoleculeError:
            return False
        return True


def learn_selection(pipeline: Pipeline, prior: NullLatent, real: Sequence[str], *, seed: int) -> Selection | None:
    """Return what to keep of what a prior writes, to come near to `real`, canonical SMILES.

    None where hardly a string is that of its own molecule.
    """
    count = int(np.clip(_WRITTEN_FOR_EACH * len(real), *_WRITTEN))
    decoded = pipeline.decode(
        [draw(prior, count, seed=seed)],
        many=count >= POOL_FROM,
        sampling=Sampling(prior.temperature),
        seed=symbol_seed(seed),
        keep=Selector(pipeline.codec, Selection.of_canonical(), seed),
    )
    written = [smiles for smiles in decoded if isinstance(smiles, str)]
    return fit_selection(written, real) if len(written) >= _LEAST_CANONICAL * count else None


def fit_selection(written: Sequence[str], real: Sequence[str]) -> Selection:
    """Learn which molecules to keep, so that environments come as often among them as among real ones.

    Args:
        written: canonical SMILES of molecules that the model wrote, as they came.
        real: canonical SMILES of molecules that its samples should be like.

    Raises:
        ValueError: one of the two is empty.
    """
    if not written or not real:
        raise ValueError(f"a selection needs written and real molecules, got {len(written)} and {len(real)}")
    counts = [_table(written), _table(real)]
    is_real = np.repeat([0, 1], [len(written), len(real)])
    regression = LogisticRegression(C=_PENALTY, class_weight="balanced", max_iter=500)
    regression.fit(sparse.vstack(counts).tocsr(), is_real)
    weights = regression.coef_[0].astype(np.float32)
    log_odds = counts[0] @ weights
    ceiling = _ceiling(log_odds)
    odd = _odd_shares(written, np.exp(np.minimum(0, log_odds - ceiling)), real)
    return Selection(torch.from_numpy(weights), -ceiling, torch.from_numpy(odd))


def _odd_shares(written: Sequence[str], kept: NDArray[np.float64], real: Sequence[str]) -> NDArray[np.float32]:
    """Return the share to keep of molecules with each oddity, where `kept` is the share kept of each written one."""
    rates = []
    for smiles, weights in ((written, kept), (real, np.ones(len(real)))):
        rows = range(0, len(smiles), -(-len(smiles) // _LOOKED_AT))
        found = np.zeros(len(Oddity))
        for row in rows:
            found[_oddities(smiles[row])] += weights[row]
        rates.append(found / weights[rows].sum())
    shares: NDArray[np.float32] = np.minimum(1, rates[1] / np.maximum(rates[0], 1e-12)).astype(np.float32)
    return np.where(rates[0] > 0, shares, np.float32(1))


def _oddities(smiles: str) -> list[int]:
    """Return the places in `Oddity` of what a molecule shows."""
    return [_PLACES[finding.code] for finding in oddities(mol_from_canonical(smiles))]


def _ceiling(log_odds: NDArray[np.float64]) -> float:
    """Return the log-odds from which on a written molecule is kept for certain.

    The highest ceiling would give the truest sample, and would keep nothing.
    """
    quantiles = np.quantile(log_odds, np.arange(1 - _SURELY_KEPT, 0, -0.01))
    kept = [float(np.exp(np.minimum(0, log_odds - ceiling)).mean()) for ceiling in quantiles]
    return float(next((c for c, share in zip(quantiles, kept, strict=True) if share >= _LEAST_KEPT), quantiles[-1]))


def _table(smiles: Sequence[str]) -> sparse.csr_array:
    """Return the counts of environments of molecules, (n, WIDTH)."""
    rows = [morgan_environments(text, RADIUS, WIDTH) for text in smiles]
    ends = np.cumsum([0, *map(len, rows)])
    names = np.fromiter((name for row in rows for name in row), dtype=np.int32, count=ends[-1])
    values = np.fromiter((min(count, MOST) for row in rows for count in row.values()), np.float32, count=ends[-1])
    return sparse.csr_array((values, names, ends), shape=(len(rows), WIDTH))


def _uniform(seed: int, number: int) -> float:
    """Return a number uniform on [0, 1) that belongs to a seed and a row, and is none that the row is written with."""
    digest = hashlib.blake2b(number.to_bytes(8, "little"), digest_size=7, key=seed.to_bytes(8, "little")).digest()
    return int.from_bytes(digest, "little") / 2**56
