"""Splits of a corpus from a seed: at random, or by scaffold so that test molecules have new ring systems."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def random_split(count: int, fractions: Sequence[float], *, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Return the rows of each part of `count` rows, in rising order; `fractions` sum to 1.

    Raises:
        ValueError: fractions that are negative or do not sum to 1.

    >>> train, test = random_split(10, (0.8, 0.2), seed=0)
    >>> len(train), len(test), sorted([*train.tolist(), *test.tolist()]) == list(range(10))
    (8, 2, True)
    """
    bounds = _bounds(count, fractions)
    order = np.random.default_rng(seed).permutation(count)
    return tuple(np.sort(part) for part in np.split(order, bounds[:-1]))


def scaffold_split(smiles: Sequence[str], fractions: Sequence[float], *, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Return the rows of each part such that no Murcko scaffold is in two of them (Bemis & Murcko, 10.1021/jm9602928).

    Molecules without rings are a group each: they share no scaffold. Groups are drawn in random order, each goes to
    the part that is furthest from its size, so parts are as large as the groups allow.

    Raises:
        ValueError: fractions that are negative or do not sum to 1.
        MoleculeError: a SMILES that is none.
    """
    from molvae.chem.scaffolds import murcko_scaffold  # here: shards use this module where rdkit is not installed

    return group_split([murcko_scaffold(text) for text in smiles], fractions, seed=seed)


def group_split(groups: Sequence[str], fractions: Sequence[float], *, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Return the rows of each part such that rows of one group stay together; each row of group '' is on its own.

    Raises:
        ValueError: fractions that are negative or do not sum to 1.

    >>> [part.tolist() for part in group_split(["a", "a", "b", "b"], (0.5, 0.5), seed=0)]
    [[0, 1], [2, 3]]
    """
    sizes = np.diff([0, *_bounds(len(groups), fractions)])
    members: dict[object, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[group or row].append(row)
    ordered = list(members.values())
    np.random.default_rng(seed).shuffle(ordered)
    ordered.sort(key=len, reverse=True)  # large groups first: the small ones then even out the sizes
    parts: list[list[int]] = [[] for _ in fractions]
    for rows in ordered:
        missing = [size - len(part) for size, part in zip(sizes, parts, strict=True)]
        parts[int(np.argmax(missing))].extend(rows)
    return tuple(np.sort(np.array(part, dtype=np.int64)) for part in parts)


def _bounds(count: int, fractions: Sequence[float]) -> list[int]:
    if not fractions or min(fractions) < 0 or not math.isclose(sum(fractions), 1.0, abs_tol=1e-9):
        raise ValueError(f"fractions must be at least 0 and sum to 1, got {list(fractions)}")
    return [round(share * count) for share in np.cumsum(fractions)]
