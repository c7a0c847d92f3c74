"""The statistics of a set of molecules that distribution metrics compare, and how they are kept on disk."""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from molvae.datasets.files import atomic_path
from molvae.errors import DataError
from molvae.evaluate.chemnet import CHEMNET_SHA256, activations
from molvae.evaluate.features import Features, measure_features
from molvae.evaluate.frechet import Moments
from molvae.evaluate.resources import Progress
from molvae.evaluate.similarity import Fingerprints

FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What distribution metrics read off a set of valid molecules."""

    moments: Moments  # of the ChemNet activations
    fingerprints: Fingerprints  # (n, 128)
    fragments: Counter[str]
    scaffolds: Counter[str]
    properties: dict[str, NDArray[np.float64]]  # logp, sa, qed, weight: (n,) each

    @classmethod
    def of(cls, features: Features, moments: Moments) -> Statistics:
        """Return the statistics of molecules whose features and activations have been measured."""
        return cls(moments, features.fingerprints, features.fragments, features.scaffolds, features.properties)

    def save(self, path: Path) -> None:
        """Write the statistics as plain arrays, whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {
            "format": np.array(FORMAT),
            "n": np.array(self.moments.n),
            "mean": self.moments.mean,
            "covariance": self.moments.covariance,
            "fingerprints": self.fingerprints,
        }
        for name, counts in (("fragments", self.fragments), ("scaffolds", self.scaffolds)):
            arrays[name] = np.frombuffer("\n".join(counts).encode(), dtype=np.uint8)
            arrays[f"{name}_counts"] = np.array(list(counts.values()), dtype=np.int64)
        arrays |= {f"property_{name}": values for name, values in self.properties.items()}
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Statistics:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing, damaged or of another format.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            if int(arrays["format"]) != FORMAT:
                raise ValueError(f"it has format {int(arrays['format'])}, not {FORMAT}")
            return cls(
                Moments(int(arrays["n"]), arrays["mean"], arrays["covariance"]),
                arrays["fingerprints"],
                _counter(arrays, "fragments"),
                _counter(arrays, "scaffolds"),
                {name[9:]: values for name, values in arrays.items() if name.startswith("property_")},
            )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as err:
            raise DataError(f"{path} holds no statistics of molecules: remove it and run again ({err})") from err


def measure_statistics(
    smiles: Sequence[str],
    *,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    workers: int | None = 1,
    progress: Progress = lambda count: None,
) -> Statistics:
    """Measure a set of molecules; `progress` counts each twice, for its chemistry and for ChemNet."""
    features = measure_features(smiles, workers=workers, progress=progress)
    found = activations(features.smiles, device=device, threads=threads, progress=progress)
    return Statistics.of(features, Moments.of(found))


def set_hash(smiles: Sequence[str]) -> str:
    """Return the SHA-256 of the molecules in their order, of ChemNet and of the format of the statistics."""
    digest = hashlib.sha256(f"{FORMAT} {CHEMNET_SHA256}".encode())
    for text in smiles:
        digest.update(b"\n" + text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _counter(arrays: dict[str, NDArray[Any]], name: str) -> Counter[str]:
    keys = arrays[name].tobytes().decode().split("\n") if len(arrays[name]) else []
    return Counter(dict(zip(keys, arrays[f"{name}_counts"].tolist(), strict=True)))
