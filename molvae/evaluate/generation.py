"""How good generated molecules are: the metrics of MOSES and GuacaMol, and what both leave out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from molvae.errors import DataError
from molvae.evaluate import guacamol, moses
from molvae.evaluate.chemnet import ACTIVATIONS, activations, chemnet
from molvae.evaluate.coverage import LEAK_QUERIES, coverage_measures, leak_measures
from molvae.evaluate.features import Features, measure_features
from molvae.evaluate.frechet import Moments
from molvae.evaluate.measure import Measure, as_json, measure_lines, measure_tables
from molvae.evaluate.reconstruction import evaluate_reconstruction
from molvae.evaluate.reference import MOSES, Reference, draw, kept_moments, real_pair, training_fingerprints
from molvae.evaluate.resources import DEFAULT, Resources
from molvae.evaluate.statistics import Statistics
from molvae.latent.space import LatentSpace
from molvae.model.diagnostics import latent_use
from molvae.model.posterior import DiagonalGaussian

GROUPS = ("moses", "guacamol", "coverage", "weights")
_WITH_CHEMNET = frozenset(("moses", "guacamol"))
RECONSTRUCTED = 2_000  # reference molecules sent through a model beside its samples


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GenerationReport:
    """Figures of generated molecules by group, each with the number of molecules that it was measured on."""

    n: int  # molecules given, valid or not
    reference: str
    groups: Mapping[str, Sequence[Measure]]
    samples: Statistics  # of the valid ones
    smiles: tuple[str, ...]  # canonical, of the valid ones

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
        """Return the figures as a JSON object."""
        groups = {group: as_json(measures) for group, measures in self.groups.items()}
        return {"n": self.n, "reference": self.reference, **groups}

    def __repr__(self) -> str:
        return measure_lines("GenerationReport", self.groups)

    def _repr_html_(self) -> str:
        return measure_tables(self.groups)


def evaluate_generation(
    samples: Sequence[str | None],
    reference: Reference,
    *,
    space: LatentSpace | None = None,
    groups: Collection[str] = GROUPS,
    seed: int = 0,
    resources: Resources = DEFAULT,
) -> GenerationReport:
    """Compare generated molecules with a reference; None, '' and unreadable SMILES count as invalid.

    Args:
        samples: SMILES as they were generated.
        reference: what they are compared with.
        space: the model that they come from, for the group "weights".
        groups: of figures, among "moses", "guacamol", "coverage" (with leaks), and "weights": reconstruction, KL and
            active units of the model on the reference set.
        seed: of the draws of real molecules.
        resources: what may be used of the machine.

    Raises:
        DataError: no samples, or the filters of MOSES cannot be had.
        MissingExtraError: ChemNet, which "moses" and "guacamol" need, is not installed.
        ValueError: an unknown group.
    """
    if not samples:
        raise DataError("there are no samples to evaluate")
    if unknown := sorted(set(groups) - set(GROUPS)):
        raise ValueError(f"groups must be among {', '.join(GROUPS)}, got {unknown[0]!r}")
    needs_chemnet = not _WITH_CHEMNET.isdisjoint(groups)
    if needs_chemnet:
        chemnet()  # fails now, and not after minutes
    filters: Sequence[str] | None
    try:
        filters = moses.moses_filters(fetch=reference.name == MOSES)
    except DataError:  # another reference, and a machine that has never fetched MOSES
        if reference.name == MOSES:
            raise
        filters = None
    with resources.stage("Reading molecules", len(samples)) as progress:
        features = measure_features(samples, filters=filters, workers=resources.workers, progress=progress)
    found = np.empty((0, ACTIVATIONS), dtype=np.float32)
    if needs_chemnet:
        with resources.stage("ChemNet", len(features)) as progress:
            found = activations(features.smiles, device=resources.device, threads=resources.threads, progress=progress)
    statistics = Statistics.of(features, Moments.of(found))
    measured: dict[str, Sequence[Measure]] = {}
    if "moses" in groups:
        measured["moses"] = _moses(features, statistics, reference, seed, resources)
    if "guacamol" in groups:
        measured["guacamol"] = _guacamol(samples, found, reference, resources)
    if "coverage" in groups:
        measured["coverage"] = _coverage(statistics, reference, seed, resources)
    if "weights" in groups and space is not None:
        measured["weights"] = model_measures(space, draw(reference.molecules, RECONSTRUCTED, seed=seed))
    return GenerationReport(len(samples), reference.name, measured, statistics, features.smiles)


def model_measures(space: LatentSpace, molecules: Sequence[str]) -> list[Measure]:
    """Return exact reconstruction, KL in nats per molecule and active units of a model on real molecules."""
    encoding = space.encode(molecules)
    encoding = encoding[encoding.ok]
    if len(encoding) == 0:
        return [Measure("exact", float("nan"), 0, "no reference molecule was taken")]
    posterior = DiagonalGaussian(torch.from_numpy(encoding.mean), torch.from_numpy(encoding.log_var))
    use = latent_use(posterior)
    return [
        *evaluate_reconstruction(space, molecules).measures()[:2],
        Measure("KL", use.kl, len(encoding), "nats per molecule"),
        Measure("active units", use.active_units, len(encoding), f"of {space.latent_dim} dimensions"),
    ]


def _moses(
    features: Features, samples: Statistics, reference: Reference, seed: int, resources: Resources
) -> list[Measure]:
    device, threads = resources.device, resources.threads
    measures = moses.sample_measures(features, frozenset(reference.train))
    for suffix, test in (("Test", reference.test), ("TestSF", reference.test_scaffolds)):
        if test is not None:
            with resources.stage(f"Nearest in {suffix}", len(test.fingerprints)) as progress:
                measures += moses.reference_measures(
                    samples, test, suffix, device=device, threads=threads, progress=progress
                )
            real, against = real_pair(reference, test.moments, len(features), seed, resources)
            measures.append(moses.frechet_floor(real, against, suffix))
    measures += moses.diversity_measures(samples.fingerprints, device=device, threads=threads)
    return measures + moses.property_measures(samples, reference.test)


def _guacamol(
    samples: Sequence[str | None], found: NDArray[np.float32], reference: Reference, resources: Resources
) -> list[Measure]:
    n = min(guacamol.MOLECULES, len(samples))
    real = kept_moments(guacamol.training_subset(reference.train, n), resources)
    with resources.stage("GuacaMol", 1):
        return guacamol.guacamol_measures(
            samples, reference.train, sample_moments=Moments.of(found[:n]), train_moments=real, resources=resources
        )


def _coverage(samples: Statistics, reference: Reference, seed: int, resources: Resources) -> list[Measure]:
    device, threads = resources.device, resources.threads
    train, real = training_fingerprints(reference, resources), reference.test.fingerprints
    known = train
    if not reference.held_out:  # real molecules are then some of the training set, and are compared with the others
        chosen = np.random.default_rng(seed).permutation(len(train))[: min(LEAK_QUERIES, len(train) // 2)]
        real, known = train[chosen], np.delete(train, chosen, axis=0)
    with resources.stage("Nearest in the training set", len(known)) as progress:
        leaks = leak_measures(
            samples.fingerprints, real, known, seed=seed, device=device, threads=threads, progress=progress
        )
    return leaks + coverage_measures(samples, reference.test, train, seed=seed, device=device, threads=threads)
