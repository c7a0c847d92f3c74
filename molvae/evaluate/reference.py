"""What generated molecules are compared with: a reference set, and the training set that they should not repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from molvae.datasets.catalog import dataset
from molvae.datasets.downloads import data_folder
from molvae.datasets.files import atomic_path
from molvae.datasets.readers import read_rows
from molvae.errors import DataError
from molvae.evaluate.canonical import canonical_many
from molvae.evaluate.chemnet import activations
from molvae.evaluate.frechet import Moments
from molvae.evaluate.official import official_statistics
from molvae.evaluate.statistics import Statistics, kept_statistics, set_hash

MOSES = "moses"
LARGEST_REFERENCE = 50_000  # molecules of a set without official statistics; more change no figure that is reported
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A reference set with its statistics, and the training set that belongs to it."""

    name: str
    test: Statistics
    test_scaffolds: Statistics | None  # only MOSES has one
    train: Sequence[str]  # canonical SMILES, for novelty, leaks and the floor
    held_out: bool  # whether `test` holds none of `train`


def read_molecules(source: str | Path, split: str | None = None) -> list[str]:
    """Return the SMILES of a named data set or of a file, as they are written there; unreadable rows are left out.

    Raises:
        DataError: neither a data set nor a file, or one without molecules.
    """
    path = Path(source)
    is_file = path.is_file() or path.suffix != ""
    rows = read_rows(path) if is_file and split is None else dataset(str(source)).rows(split)
    smiles = [row.smiles for row in rows if row.smiles is not None]
    if not smiles:
        raise DataError(f"{source} holds no molecules")
    return smiles


def load_reference(
    source: str,
    *,
    train: str | None = None,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    workers: int | None = 1,
    progress: Progress = lambda count: None,
) -> Reference:
    """Return a reference by the name of a data set or the path of a file; statistics are measured once and kept.

    For "moses" they are the official ones of its two test sets, and `train` is by default its training set. Any other
    set is its own training set unless `train` names another; at most 50,000 of its molecules, drawn at random, enter.

    Raises:
        DataError: the molecules, or the files of MOSES, cannot be had.
        MissingExtraError: ChemNet is not installed.
    """
    if source == MOSES:
        known = read_molecules(MOSES, "train") if train is None else read_molecules(train)
        return Reference(MOSES, official_statistics("test"), official_statistics("test_scaffolds"), known, True)
    smiles = _canonical(read_molecules(source), workers)
    known = smiles if train is None else _canonical(read_molecules(train), workers)
    statistics = kept_statistics(
        draw(smiles, LARGEST_REFERENCE, seed=0),
        data_folder() / "statistics",
        device=device,
        threads=threads,
        workers=workers,
        progress=progress,
    )
    return Reference(Path(source).name, statistics, None, known, train is not None)


def real_moments(
    reference: Reference,
    n: int,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    workers: int | None = 1,
    progress: Progress = lambda count: None,
) -> Moments:
    """Return the ChemNet moments of `n` real molecules drawn from the training set, measured once and kept."""
    chosen = draw(reference.train, n, seed=seed)
    path = data_folder() / "statistics" / f"moments-{set_hash(chosen)[:32]}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return Moments(int(stored["n"]), stored["mean"], stored["covariance"])
    except (OSError, ValueError, KeyError, EOFError):  # not there, or damaged
        pass
    canonical = _canonical(chosen, workers)
    moments = Moments.of(activations(canonical, device=device, threads=threads, progress=progress))
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, n=np.array(moments.n), mean=moments.mean, covariance=moments.covariance)
    return moments


def draw(smiles: Sequence[str], n: int, *, seed: int) -> list[str]:
    """Return `n` molecules drawn without replacement, in their order, or all where there are no more."""
    if n >= len(smiles):
        return list(smiles)
    chosen = np.random.default_rng(seed).choice(len(smiles), size=n, replace=False)
    return [smiles[index] for index in np.sort(chosen)]


def _canonical(smiles: Sequence[str], workers: int | None) -> list[str]:
    return [text for text in canonical_many(smiles, workers=workers) if text is not None]
