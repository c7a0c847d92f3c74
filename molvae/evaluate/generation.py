"""How good generated molecules are: the metrics of MOSES and GuacaMol, and what both leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch

from molvae.errors import DataError
from molvae.evaluate import moses
from molvae.evaluate.chemnet import activations, chemnet
from molvae.evaluate.features import measure_features
from molvae.evaluate.frechet import Moments
from molvae.evaluate.measure import Measure, as_json
from molvae.evaluate.reference import Reference, real_moments
from molvae.evaluate.statistics import Statistics

# Opens a progress bar with a name and a length, and yields the function that moves it.
Stage = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@contextmanager
def silent(name: str, length: int) -> Iterator[Callable[[int], None]]:
    """Show no progress."""
    yield lambda count: None


@dataclass(frozen=True, slots=True)
class GenerationReport:
    """Figures of generated molecules by group, each with the number of molecules that it was measured on."""

    n: int  # molecules given, valid or not
    reference: str
    groups: Mapping[str, Sequence[Measure]]

    def __getitem__(self, name: str) -> Measure:
        """Return the first figure of this name.

        Raises:
            KeyError: there is none.
        """
        for measures in self.groups.values():
            for measure in measures:
                if measure.name == name:
                    return measure
        raise KeyError(f"the report has no figure {name!r}")

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "n": self.n,
            "reference": self.reference,
            **{group: as_json(measures) for group, measures in self.groups.items()},
        }


def evaluate_generation(
    samples: Sequence[str | None],
    reference: Reference,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    workers: int | None = 1,
    stage: Stage = silent,
) -> GenerationReport:
    """Compare generated molecules with a reference; None, '' and unreadable SMILES count as invalid.

    Raises:
        DataError: no samples, or the filters of MOSES cannot be had.
        MissingExtraError: ChemNet is not installed.
    """
    if not samples:
        raise DataError("there are no samples to evaluate")
    chemnet()  # fails now, and not after minutes
    filters, known = moses.moses_filters(), frozenset(reference.train)
    with stage("Reading molecules", len(samples)) as progress:
        features = measure_features(samples, filters=filters, workers=workers, progress=progress)
    with stage("ChemNet", len(features)) as progress:
        found = activations(features.smiles, device=device, threads=threads, progress=progress)
    statistics = Statistics.of(features, Moments.of(found))
    with stage("ChemNet of real molecules", len(features)) as progress:
        real = real_moments(
            reference, len(features), seed=seed, device=device, threads=threads, workers=workers, progress=progress
        )
    measures = moses.sample_measures(features, known)
    for suffix, test in (("Test", reference.test), ("TestSF", reference.test_scaffolds)):
        if test is None:
            continue
        with stage(f"Nearest in {suffix}", len(test.fingerprints)) as progress:
            measures += moses.reference_measures(
                statistics, test, suffix, device=device, threads=threads, progress=progress
            )
        measures.append(moses.frechet_floor(real, test.moments, suffix))
    measures += moses.diversity_measures(statistics.fingerprints, device=device, threads=threads)
    measures += moses.property_measures(statistics, reference.test)
    return GenerationReport(len(samples), reference.name, {"moses": measures})
