"""The distribution benchmarks of GuacaMol, as its published code computes them (Brown et al., arXiv:1811.09621).

Each score lies between 0 and 1, and 1 is best. The published protocol draws 10,000 molecules for each benchmark; here
all use the first of one sample. Stereo is left out of what is compared, except by ChemNet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy, gaussian_kde

from molvae.chem.guacamol import ECFP4_BITS, GuacaMolDescriptors, guacamol_features
from molvae.evaluate.bulk import EachMolecule, canonical_many
from molvae.evaluate.frechet import Moments, frechet_distance
from molvae.evaluate.measure import Measure
from molvae.evaluate.resources import DEFAULT, Resources
from molvae.evaluate.similarity import nearest_other_similarity
from molvae.tokens.processes import CHUNK_SIZE, in_order

MOLECULES = 10_000  # of the published protocol
_CONTINUOUS = 4  # of the descriptors, before the counts
_TINY = 1e-10  # added to each density, as in the published code
_POINTS, _BINS = 1_000, 10


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What the KL benchmark reads off a set of distinct molecules."""

    descriptors: NDArray[np.float64]  # (n, 9)
    nearest: NDArray[np.float64]  # (n,), ECFP4 similarity to the nearest other molecule


def measure_profile(smiles: Iterable[str], resources: Resources = DEFAULT) -> Profile:
    """Measure molecules given as SMILES without stereo."""
    rows = [
        row
        for row in in_order(EachMolecule(guacamol_features), smiles, workers=resources.workers, chunk_size=CHUNK_SIZE)
        if row is not None
    ]
    descriptors = np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, len(GuacaMolDescriptors._fields))
    descriptors[~np.isfinite(descriptors)] = 0
    prints = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.uint8).reshape(-1, ECFP4_BITS // 8)
    return Profile(descriptors, nearest_other_similarity(prints, device=resources.device, threads=resources.threads))


def training_subset(train: Sequence[str], n: int = MOLECULES) -> list[str]:
    """Return the molecules of the training set that samples are compared with: those that the published code draws."""
    if n >= len(train):
        return list(train)
    chosen = np.random.RandomState(42).choice(len(train), n, replace=False)
    return [train[index] for index in chosen]


def guacamol_measures(
    samples: Sequence[str | None],
    train: Sequence[str],
    *,
    sample_moments: Moments,
    train_moments: Moments,
    resources: Resources = DEFAULT,
) -> list[Measure]:
    """Return validity, uniqueness, novelty, KL divergence and FCD scores.

    Args:
        samples: SMILES as they were generated, None where nothing was.
        train: canonical SMILES of the training set.
        sample_moments: of the ChemNet activations of the first valid samples, at most 10,000.
        train_moments: of those of `training_subset(train)`.
        resources: of the chemistry and the similarities.
    """
    workers = resources.workers
    n = min(MOLECULES, len(samples))
    canonical = list(canonical_many(samples, workers=workers))
    valid = [text for text in canonical if text is not None][:n]
    distinct = list(dict.fromkeys(text for text in canonical[: 2 * n] if text is not None))[:n]
    flat = set(_without_stereo(distinct, workers))
    known = set(_without_stereo(train, workers))
    real = dict.fromkeys(_without_stereo(training_subset(train, n), workers))
    divergences = kl_divergences(measure_profile(real, resources), measure_profile(flat, resources))
    kl = float(np.mean([math.exp(-value) for value in divergences.values()])) if divergences else math.nan
    enough = min(sample_moments.n, train_moments.n) >= 2
    fcd = frechet_distance(train_moments, sample_moments) if enough else math.nan
    return [
        Measure.rate("Validity", sum(text is not None for text in canonical[:n]), n),
        Measure.rate("Uniqueness", len(set(_without_stereo(valid, workers))), n, "of that many valid molecules"),
        Measure.rate("Novelty", len(flat - known), n, "of that many distinct molecules"),
        Measure("KL divergence score", kl, len(flat)),
        Measure("FCD score", math.exp(-0.2 * fcd), sample_moments.n, f"FCD {fcd:.3f} against {train_moments.n:,}"),
    ]


def kl_divergences(train: Profile, samples: Profile) -> dict[str, float]:
    """Return KL(train || samples) in nats for each descriptor and for the similarity to the nearest other molecule.

    Densities are Gaussian kernel estimates at 1,000 points for continuous values, histograms of 10 bins for counts;
    empty where a set is too small for them.
    """
    if min(len(train.nearest), len(samples.nearest)) < 3:
        return {}
    names = GuacaMolDescriptors._fields
    found = {}
    for column, name in enumerate(names):
        divergence = continuous_divergence if column < _CONTINUOUS else discrete_divergence
        found[name] = divergence(train.descriptors[:, column], samples.descriptors[:, column])
    return found | {"internal_similarity": continuous_divergence(train.nearest, samples.nearest)}


def continuous_divergence(train: NDArray[np.float64], samples: NDArray[np.float64]) -> float:
    """Return KL(train || samples) of two samples of a continuous value, infinite where one does not vary."""
    if min(np.ptp(train), np.ptp(samples)) == 0:
        return math.inf
    both = np.concatenate([train, samples])
    points = np.linspace(both.min(), both.max(), num=_POINTS)
    return float(entropy(gaussian_kde(train)(points) + _TINY, gaussian_kde(samples)(points) + _TINY))


def discrete_divergence(train: NDArray[np.float64], samples: NDArray[np.float64]) -> float:
    """Return KL(train || samples) of two samples of a count, infinite where no sample is in the range of `train`."""
    real, edges = np.histogram(train, bins=_BINS, density=True)
    if not np.histogram(samples, bins=edges)[0].any():
        return math.inf  # the published code divides zero by zero
    found = np.histogram(samples, bins=edges, density=True)[0]
    return float(entropy(real + _TINY, found + _TINY))


def _without_stereo(smiles: Sequence[str], workers: int | None) -> list[str]:
    """Return canonical SMILES without stereo; a canonical SMILES without a stereo mark is that already."""
    marked = [index for index, text in enumerate(smiles) if "@" in text or "/" in text or "\\" in text]
    flat = list(smiles)
    for index, text in zip(
        marked, canonical_many([smiles[index] for index in marked], stereo=False, workers=workers), strict=True
    ):
        flat[index] = text if text is not None else flat[index]
    return flat
