"""Which kind of regressor: the one that predicts molecules with unseen scaffolds best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from molvae.chem.scaffolds import murcko_scaffold
from molvae.datasets.splits import group_split
from molvae.properties.forest import Forest
from molvae.properties.regressors import Array, GaussianProcess, NeuralEnsemble, Regressor, Ridge

Kind: TypeAlias = Literal["ridge", "forest", "gp", "mlp"]
KINDS: Mapping[str, type[Ridge] | type[Forest] | type[GaussianProcess] | type[NeuralEnsemble]] = {
    kind.kind: kind for kind in (Ridge, Forest, GaussianProcess, NeuralEnsemble)
}
assert set(KINDS) == set(get_args(Kind))
_ENOUGH_TO_CHOOSE = 20  # labelled molecules; fewer say nothing about which kind is better


def fit_kind(kind: str, x: Array, y: Array, *, seed: int) -> Regressor:
    """Fit one kind of regressor to features (n, D) and values (n,), both standardized."""
    return KINDS[kind].fit(x, y, seed=seed)


def scaffolds_of(smiles: Sequence[str | None]) -> list[str]:
    """Return the scaffold of each molecule, '' where there is no molecule or no ring: a group of its own."""
    return ["" if text is None else murcko_scaffold(text) for text in smiles]


def hold_out(groups: Sequence[str], share: float, *, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to fit to and those to calibrate with, of other groups; none of these where too few are left."""
    if share * len(groups) >= 2:
        fitted, held = group_split(groups, (1 - share, share), seed=seed)
        if len(fitted) >= 2:
            return fitted, held
    return np.arange(len(groups)), np.empty(0, dtype=np.int64)


def cross_validate(x: Array, y: Array, groups: Sequence[str], *, folds: int, seed: int) -> dict[str, float]:
    """Return R² of each kind on molecules left out, over folds that share no scaffold.

    Empty if there are too few molecules to tell, or the values do not vary.
    """
    if len(y) < max(_ENOUGH_TO_CHOOSE, 2 * folds) or np.ptp(y) == 0:
        return {}
    parts = [part for part in group_split(groups, [1 / folds] * folds, seed=seed) if len(part)]
    if len(parts) < 2:  # one scaffold
        parts = list(group_split([""] * len(y), [1 / folds] * folds, seed=seed))
    scores = {}
    for kind in KINDS:
        predicted = np.empty_like(y)
        for part in parts:
            rest = np.setdiff1d(np.arange(len(y)), part)
            predicted[part], _ = fit_kind(kind, x[rest], y[rest], seed=seed).moments(x[part])
        scores[kind] = 1 - float(np.mean((y - predicted) ** 2) / np.var(y))
    return scores


def best_kind(scores: Mapping[str, float]) -> str:
    """Return the kind with the highest score; ridge, which needs the fewest molecules, where there are none."""
    return max(scores, key=lambda kind: (scores[kind], -list(KINDS).index(kind))) if scores else "ridge"


def checked_kind(kind: object) -> str:
    """Return `kind`.

    Raises:
        ValueError: there is no such kind.
    """
    if kind != "auto" and kind not in KINDS:
        raise ValueError(f"kind must be 'auto', {', '.join(map(repr, KINDS))}, got {kind!r}")
    return str(kind)


def finite_scores(scores: Mapping[str, object]) -> dict[str, float]:
    """Return scores read from a file, those that are numbers."""
    return {
        kind: float(score)
        for kind, score in scores.items()
        if kind in KINDS and isinstance(score, int | float) and math.isfinite(score)
    }
