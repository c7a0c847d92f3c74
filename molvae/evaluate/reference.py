"""What generated molecules are compared with: a reference set, and the training set that they should not repeat."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from molvae.datasets.catalog import dataset
from molvae.datasets.downloads import data_folder
from molvae.datasets.files import atomic_path
from molvae.datasets.readers import read_rows
from molvae.datasets.rows import Row
from molvae.errors import DataError
from molvae.evaluate.bulk import canonical_many, kept_fingerprints
from molvae.evaluate.chemnet import activations
from molvae.evaluate.frechet import Moments
from molvae.evaluate.official import official_statistics
from molvae.evaluate.resources import DEFAULT, Resources
from molvae.evaluate.similarity import Fingerprints
from molvae.evaluate.statistics import Statistics, measure_statistics, set_hash

T = TypeVar("T")

MOSES = "moses"
LARGEST_REFERENCE = 50_000  # molecules of a set without official statistics; its own FCD bias is then below 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A reference set with its statistics, and the training set that belongs to it."""

    name: str
    molecules: Sequence[str]  # of the reference set
    test: Statistics
    test_scaffolds: Statistics | None  # only MOSES has one
    train: Sequence[str]  # canonical SMILES, for novelty, leaks and the floor
    held_out: bool  # whether the reference set holds none of `train`


def load_reference(source: str, *, train: str | None = None, resources: Resources = DEFAULT) -> Reference:
    """Return a reference by the name of a data set or the path of a file; statistics are measured once and kept.

    For "moses" they are the official ones of its two test sets, and `train` is by default its training set, as written
    in its file, which is canonical. Any other set is its own training set unless `train` names another; of more than
    50,000 molecules, that many enter, drawn at random.

    Raises:
        DataError: the molecules, or the files of MOSES, cannot be had.
        MissingExtraError: ChemNet is not installed.
    """
    if source == MOSES:
        known = read_smiles("moses-train") if train is None else canonical_smiles(train, resources)
        test, scaffolds = (official_statistics(split) for split in ("test", "test_scaffolds"))
        return Reference(MOSES, read_smiles("moses-test"), test, scaffolds, known, held_out=True)
    smiles = canonical_smiles(source, resources)
    known = smiles if train is None else canonical_smiles(train, resources)
    chosen = draw(smiles, LARGEST_REFERENCE, seed=0)
    held_out = frozenset(chosen).isdisjoint(known)
    return Reference(Path(source).name, chosen, kept_statistics(chosen, resources), None, known, held_out)


def read_source(source: str) -> list[Row]:
    """Return the rows of a file, of a data set, or of a split of one: "moses-test", "moses-test-scaffolds".

    Raises:
        DataError: there is nothing of this name, or nothing in it.
    """
    path = Path(source)
    if path.is_file() or path.suffix:
        rows = list(read_rows(path))
    else:
        name, _, split = source.partition("-")
        rows = list(dataset(name).rows(split.replace("-", "_") or None))
    if not rows:
        raise DataError(f"{source} holds no molecules")
    return rows


def read_smiles(source: str) -> list[str]:
    """Return the SMILES of a source as they are written there; unreadable rows are left out."""
    return [row.smiles for row in read_source(source) if row.smiles is not None]


def canonical_smiles(source: str, resources: Resources = DEFAULT) -> list[str]:
    """Return the canonical SMILES of a source; what RDKit cannot read is left out."""
    smiles = read_smiles(source)
    with resources.stage(f"Reading {Path(source).name}", len(smiles)) as progress:
        found = []
        for text in canonical_many(smiles, workers=resources.workers):
            progress(1)
            if text is not None:
                found.append(text)
    return found


def kept_statistics(smiles: Sequence[str], resources: Resources = DEFAULT) -> Statistics:
    """Return the statistics of a set of molecules, kept under the hash of its SMILES."""
    path = _kept("statistics", smiles)
    try:
        return Statistics.load(path)
    except DataError:  # not there, or damaged
        with resources.stage("Statistics of the reference", 2 * len(smiles)) as progress:
            statistics = measure_statistics(
                smiles,
                device=resources.device,
                threads=resources.threads,
                workers=resources.workers,
                progress=progress,
            )
        statistics.save(path)
        return statistics


def kept_moments(smiles: Sequence[str], resources: Resources = DEFAULT) -> Moments:
    """Return the ChemNet moments of molecules given as canonical SMILES, kept under their hash."""
    path = _kept("moments", smiles)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return Moments(int(stored["n"]), stored["mean"], stored["covariance"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # not there, or damaged
        with resources.stage("ChemNet of real molecules", len(smiles)) as progress:
            found = activations(smiles, device=resources.device, threads=resources.threads, progress=progress)
    moments = Moments.of(found)
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, n=np.array(moments.n), mean=moments.mean, covariance=moments.covariance)
    return moments


def real_pair(
    reference: Reference, test: Moments, n: int, seed: int, resources: Resources = DEFAULT
) -> tuple[Moments, Moments]:
    """Return the moments of `n` real molecules and of the reference, two sets that share none: for the floor.

    Where the training set holds too few others, the reference is halved, and fewer than `n` are drawn.
    """
    others: Sequence[str] = reference.train
    if not reference.held_out:
        own = frozenset(reference.molecules)
        others = [text for text in reference.train if text not in own]
        if len(others) < n:
            mixed = np.random.default_rng(seed).permutation(len(reference.molecules))
            half = min(n, len(mixed) // 2)
            parts = ([reference.molecules[i] for i in np.sort(rows)] for rows in (mixed[:half], mixed[half:]))
            real, rest = (kept_moments(part, resources) for part in parts)
            return real, rest
    chosen = canonical_many(draw(others, n, seed=seed), workers=resources.workers)
    return kept_moments([text for text in chosen if text is not None], resources), test


def training_fingerprints(reference: Reference, resources: Resources = DEFAULT) -> Fingerprints:
    """Return the fingerprints of the training set (n, 128), kept under the hash of its SMILES."""
    path = _kept("fingerprints", reference.train).with_suffix(".npy")
    with resources.stage("Fingerprints of the training set", len(reference.train)) as progress:
        return kept_fingerprints(reference.train, path, workers=resources.workers, progress=progress)


def draw(rows: Sequence[T], n: int, *, seed: int) -> list[T]:
    """Return `n` rows drawn without replacement, in their order, or all where there are no more."""
    if n >= len(rows):
        return list(rows)
    chosen = np.random.default_rng(seed).choice(len(rows), size=n, replace=False)
    return [rows[index] for index in np.sort(chosen)]


def _kept(kind: str, smiles: Sequence[str]) -> Path:
    return data_folder() / "statistics" / f"{kind}-{set_hash(smiles)[:32]}.npz"
