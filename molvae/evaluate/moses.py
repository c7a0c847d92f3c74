"""The metrics of MOSES, as its published code computes them (Polykovskiy et al., arXiv:1811.12823; molsets 0.3.1).

`test` and `test_scaffolds` are the two reference sets; a metric is named after the one that it compares with. Beyond
valid and unique, metrics are of the valid samples, repeated ones included.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Set
from pathlib import Path

import torch
from scipy.stats import wasserstein_distance

from molvae.datasets.catalog import moses_file
from molvae.evaluate.features import Features
from molvae.evaluate.frechet import Moments, frechet_distance
from molvae.evaluate.measure import Measure
from molvae.evaluate.resources import Progress
from molvae.evaluate.similarity import Fingerprints, mean_similarity, nearest_similarity
from molvae.evaluate.statistics import Statistics

UNIQUE_AT = (1_000, 10_000)
_PROPERTY_NAMES = {"logp": "logP", "sa": "SA", "qed": "QED", "weight": "weight"}


def moses_filters(*, fetch: bool = True) -> tuple[str, ...]:
    """Return the SMARTS of the medicinal chemistry and PAINS filters of MOSES.

    Raises:
        DataError: the MOSES files cannot be had, or are not here and may not be fetched.
    """
    medicinal, pains = (moses_file(name, fetch=fetch) for name in ("mcf.csv", "wehi_pains.csv"))
    return (*read_smarts(medicinal, "smarts"), *read_smarts(pains))


def read_smarts(path: Path, column: str | None = None) -> list[str]:
    """Return the SMARTS of a CSV file, from a named column, or from the first one of a file without a header."""
    with path.open(encoding="utf-8", newline="") as stream:
        if column is not None:
            return [row[column].strip() for row in csv.DictReader(stream)]
        return [row[0].strip() for row in csv.reader(stream)]


def sample_measures(features: Features, train: Set[str] | None) -> list[Measure]:
    """Return valid, unique, filters and novelty of samples; `train` are known SMILES, None for none."""
    count = len(features)
    measures = [Measure.rate("valid", count, features.read)]
    for k in UNIQUE_AT:
        first = features.smiles[:k]
        note = "" if count >= k else f"only {count:,} valid samples"
        measures.append(Measure.rate(f"unique@{k}", len(set(first)), len(first), note))
    if features.passes is None:
        measures.append(Measure("Filters", math.nan, count, "their files are not here: molvae data prepare moses"))
    else:
        measures.append(Measure.rate("Filters", int(features.passes.sum()), count))
    if train is not None:
        distinct = set(features.smiles)
        measures.append(Measure.rate("Novelty", len(distinct - train), len(distinct), "of the distinct valid samples"))
    return measures


def reference_measures(
    samples: Statistics,
    reference: Statistics,
    suffix: str,
    *,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = lambda count: None,
) -> list[Measure]:
    """Return FCD, SNN, Frag and Scaf of samples against a reference set; `progress` counts its molecules."""
    count, real = len(samples.fingerprints), reference.moments.n
    enough = min(samples.moments.n, real) >= 2
    fcd = frechet_distance(reference.moments, samples.moments) if enough else math.nan
    nearest = nearest_similarity(
        samples.fingerprints, reference.fingerprints, device=device, threads=threads, progress=progress
    )
    return [
        Measure(f"FCD/{suffix}", fcd, samples.moments.n, f"against {real:,}; biased upward at small n"),
        Measure(f"SNN/{suffix}", float(nearest.mean()) if count else math.nan, count),
        Measure(f"Frag/{suffix}", cosine_similarity(reference.fragments, samples.fragments), count),
        Measure(f"Scaf/{suffix}", cosine_similarity(reference.scaffolds, samples.scaffolds), count),
    ]


def diversity_measures(
    fingerprints: Fingerprints, *, device: torch.device | str = "cpu", threads: int | None = None
) -> list[Measure]:
    """Return IntDiv and IntDiv2: one minus the mean similarity of the samples among themselves, p = 1 and 2."""
    count = len(fingerprints)
    means = [mean_similarity(fingerprints, power=power, device=device, threads=threads) for power in (1, 2)]
    values = [1 - float(mean.mean()) if count else math.nan for mean in means]
    return [Measure("IntDiv", values[0], count), Measure("IntDiv2", values[1], count)]


def property_measures(samples: Statistics, reference: Statistics) -> list[Measure]:
    """Return the Wasserstein distances of logP, SA, QED and weight, each in the unit of its property."""
    measures = []
    for name, values in samples.properties.items():
        real = reference.properties[name]
        distance = float(wasserstein_distance(real, values)) if len(values) and len(real) else math.nan
        measures.append(Measure(_PROPERTY_NAMES[name], distance, len(values), "Wasserstein distance to the reference"))
    return measures


def cosine_similarity(a: Counter[str], b: Counter[str]) -> float:
    """Return the cosine of two vectors of counts, NaN where one is empty.

    >>> round(cosine_similarity(Counter("aab"), Counter("abb")), 12)
    0.8
    """
    if not a or not b:
        return math.nan
    shared = sum(count * b[key] for key, count in a.items())
    return shared / math.sqrt(sum(count**2 for count in a.values()) * sum(count**2 for count in b.values()))


def frechet_floor(real: Moments, reference: Moments, suffix: str) -> Measure:
    """Return the FCD of real molecules against the reference: what a perfect model would get at this n."""
    value = frechet_distance(reference, real) if min(real.n, reference.n) >= 2 else math.nan
    return Measure(f"FCD/{suffix} floor", value, real.n, f"real molecules against {reference.n:,}")
