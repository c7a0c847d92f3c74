"""Molecules as latent vectors for property models: each molecule once, each row with its status."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from molvae.latent.domain import measure
from molvae.latent.results import OK
from molvae.latent.space import LatentSpace
from molvae.properties.regressors import Array

Features: TypeAlias = Literal["z", "states"]

_REMEMBERED = 20_000  # molecules: 20 MB at 128 dimensions, 100 MB with states


@dataclass(frozen=True, slots=True)
class Points:
    """Rows as they reach a model: refused ones have NaN, no SMILES and a reason."""

    z: Array  # (n, D), or more columns, see `Embedder`
    smiles: tuple[str | None, ...]  # canonical; None where refused, or where vectors were given
    status: tuple[str, ...]  # "ok", "nan" for a vector that holds NaN, or the reason code of a refused molecule
    detail: tuple[str, ...]  # the reason in words

    @classmethod
    def of_vectors(cls, z: Array) -> Points:
        """Return vectors (n, D) that were given as such."""
        known = [bool(np.isfinite(row).all()) for row in z]
        status = tuple(OK if row else "nan" for row in known)
        detail = tuple("" if row else "the vector holds NaN" for row in known)
        return cls(z, (None,) * len(z), status, detail)


class Embedder:
    """A latent space that remembers the last molecules it was asked for.

    Features are "z", the posterior means, or "states", z beside the states of the encoder summed over each molecule.
    """

    def __init__(self, space: LatentSpace, features: Features = "z") -> None:
        self.space, self.features = space, features
        self._known: OrderedDict[str, tuple[Array, str | None, str, str]] = OrderedDict()
        self._surprise: OrderedDict[str, float] = OrderedDict()

    @classmethod
    def load(cls, space: Embedder | LatentSpace | Path | str | None, features: Features = "z") -> Embedder:
        """Return the embedder of a latent space, or of a model folder; None takes the model inside the package.

        Raises:
            ValueError: an embedder of other features.
        """
        if isinstance(space, Embedder):
            if space.features != features:
                raise ValueError(f"the embedder gives features {space.features!r}, and {features!r} are asked for")
            return space
        return cls(space if isinstance(space, LatentSpace) else LatentSpace.load(space), features)

    @property
    def blocks(self) -> tuple[int, ...]:
        """How many columns each kind of features has: D, or D and 2H."""
        encoder = self.space.checkpoint.vae.encoder
        return (self.space.latent_dim, *((encoder.to_posterior.in_features,) if self.features == "states" else ()))

    def check(self, sha256: Sequence[str], dimensions: int) -> None:
        """Make sure that vectors are those of one of these models, if any are named, and have so many dimensions.

        Raises:
            ValueError: another latent space.
        """
        own = self.space.checkpoint.weights_sha256
        if sha256 and own not in sha256:
            raise ValueError(
                f"the model was fitted to vectors of the latent space {sha256[0][:12]}…, this one is {own[:12]}…: set "
                "space to the folder of that model"
            )
        if sum(self.blocks) != dimensions:
            raise ValueError(f"the latent space gives {sum(self.blocks)} features, the model has {dimensions}")

    def __call__(self, molecules: list[Any]) -> Points:
        """Return one row for each molecule (SMILES or RDKit), in order."""
        texts = [molecule if isinstance(molecule, str) else None for molecule in molecules]
        new = [i for i, text in enumerate(texts) if text is None or text not in self._known]
        first = {text: i for i in reversed(new) if (text := texts[i]) is not None}
        asked = [i for i in new if (text := texts[i]) is None or first[text] == i]
        encoding = self.space.encode([molecules[i] for i in asked])
        z = encoding.mean.astype(np.float64)
        if self.features == "states":
            z = np.hstack([z, self.space.encoder_states([molecules[i] for i in asked])])
        found = {
            i: (z[k], encoding.smiles[k], encoding.status[k], encoding.detail[k]) for k, i in enumerate(asked)
        }  # fmt: skip
        rows = []
        for i, text in enumerate(texts):
            row = found.get(i) or (found[first[text]] if text in first else self._known[str(text)])
            rows.append(row)
        for text, row in zip(texts, rows, strict=True):
            if text is not None:
                self._known[text] = row
                self._known.move_to_end(text)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        vectors = np.stack([row[0] for row in rows]) if rows else np.empty((0, sum(self.blocks)))
        return Points(vectors, *(tuple(row[k] for row in rows) for k in (1, 2, 3)))  # type: ignore[arg-type]

    def surprise(self, smiles: Sequence[str]) -> Array:
        """Return the negative ELBO of molecules that were taken, in nats per symbol, (n,); see `measure`."""
        new = [text for text in dict.fromkeys(smiles) if text not in self._surprise]
        if new:
            pipeline = self.space.pipeline
            tokens = [pipeline.codec.encode(text).tokens for text in new]
            found = measure(pipeline.network, tokens).nats_per_symbol
            self._surprise |= zip(new, found.tolist(), strict=True)
        values = np.array([self._surprise[text] for text in smiles], dtype=np.float64)
        while len(self._surprise) > _REMEMBERED:
            self._surprise.popitem(last=False)
        return values


def molecules_of(X: Any) -> list[Any] | None:
    """Return the molecules of a list, array, Series or one-column frame, None if it holds vectors.

    Raises:
        ValueError: a single string.

    >>> molecules_of(["CCO"]), molecules_of([[0.0, 1.0]])
    (['CCO'], None)
    """
    if isinstance(X, str | bytes):
        raise ValueError("X must be a list of SMILES or of vectors; for one molecule write [smiles]")
    if isinstance(X, list | tuple) and X and all(row is None or isinstance(row, str) for row in X):
        return list(X)
    values: NDArray[Any] = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)  # a sparse matrix has no dimension
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
        if not any(isinstance(row, str) for row in values):
            return None
    if values.ndim != 1 or values.dtype.kind not in "OUT" or len(values) == 0:
        return None
    return [None if row is None or row != row else row for row in values.tolist()]  # pandas marks what lacks by NaN
