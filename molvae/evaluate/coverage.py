"""Samples and real molecules, seen from both sides: does the model copy, and what of the real set does it reach?"""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from molvae.evaluate.measure import Measure
from molvae.evaluate.resources import Progress
from molvae.evaluate.similarity import Fingerprints, nearest_similarity
from molvae.evaluate.statistics import Statistics

LEAK_QUERIES = 1_000  # samples, and as many real molecules, that are compared with the whole training set
COVERAGE_QUERIES = 2_000  # reference molecules
_QUANTILE = 0.95


def leak_measures(
    samples: Fingerprints,
    real: Fingerprints,
    train: Fingerprints,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = lambda count: None,
) -> list[Measure]:
    """Return how near samples lie to the training set, beside real molecules that are not in it.

    A model that has learned the distribution is as near as the real ones are: 5 % of its samples are nearer to the
    training set than 95 % of those. One that copies with small changes is nearer.

    Args:
        samples: fingerprints (n, bytes) of valid samples, of which at most 1,000 are drawn.
        real: of molecules outside the training set, of which as many are drawn.
        train: of the training set.
        seed: of the draws.
        device: of the matrix products.
        threads: None for all cores.
        progress: counts training molecules.
    """
    chosen = [_some(prints, LEAK_QUERIES, seed) for prints in (samples, real)]
    if min(map(len, chosen)) == 0 or len(train) == 0:
        return []
    nearest = nearest_similarity(np.concatenate(chosen), train, device=device, threads=threads, progress=progress)
    own, real_ones = nearest[: len(chosen[0])], nearest[len(chosen[0]) :]
    limit = float(np.quantile(real_ones, _QUANTILE))
    compared = f"with {len(train):,} training molecules"
    return [
        Measure("nearest training molecule", float(own.mean()), len(own), f"{compared}; real: {real_ones.mean():.4f}"),
        Measure.rate("nearer than 95 % of real", int((own > limit).sum()), len(own), f"above {limit:.4f}"),
    ]


def coverage_measures(
    samples: Statistics,
    reference: Statistics,
    train: Fingerprints,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    threads: int | None = None,
) -> list[Measure]:
    """Return how much of the reference set the samples reach.

    The similarity of reference molecules to their nearest sample is that of SNN the other way round: a model that
    leaves out a part of the set has a low one. Beside it stands what as many real molecules, of `train`, reach.
    """
    queries, count = _some(reference.fingerprints, COVERAGE_QUERIES, seed), len(samples.fingerprints)
    if count == 0 or len(queries) == 0:
        return []
    nearest = partial(nearest_similarity, queries, device=device, threads=threads)
    real = _some(train, count, seed + 1)
    note = f"nearest of {count:,} samples; of {len(real):,} real ones: {nearest(real).mean():.4f}" if len(real) else ""
    return [
        Measure("reference to sample", float(nearest(samples.fingerprints).mean()), len(queries), note),
        _covered("scaffolds covered", samples.scaffolds, reference.scaffolds),
        _covered("fragments covered", samples.fragments, reference.fragments),
    ]


def _covered(name: str, samples: Counter[str], reference: Counter[str]) -> Measure:
    found = sum(count for key, count in reference.items() if key in samples)
    return Measure.rate(name, found, reference.total(), "of the reference, each by how often it occurs")


def _some(prints: Fingerprints, n: int, seed: int) -> NDArray[np.uint8]:
    if len(prints) <= n:
        return prints
    return np.asarray(prints[np.sort(np.random.default_rng(seed).choice(len(prints), size=n, replace=False))])
