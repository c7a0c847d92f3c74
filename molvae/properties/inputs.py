"""What an estimator does with its input: molecules become features, vectors stay what they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from molvae.latent.space import LatentSpace
from molvae.properties.embedding import Embedder, Features, Points, molecules_of
from molvae.properties.regressors import Array


class MoleculeInput(BaseEstimator):  # type: ignore[misc]
    """A scikit-learn estimator that takes molecules through a latent space, or a table of vectors.

    What it was fitted with stays: the latent space by the hash of its weights, the number of features.
    """

    space: Embedder | LatentSpace | Path | str | None
    features: Features
    n_features_in_: int
    space_sha256_: tuple[str, ...]  # empty where it was fitted to vectors

    def _points(self, X: Any, *, fitting: bool = False) -> Points:
        if not fitting:
            check_is_fitted(self)
        molecules = molecules_of(X)
        if molecules is None:
            if fitting:
                if self.features != "z":
                    raise ValueError(f"features={self.features!r} are those of molecules, and X holds vectors")
                self.space_sha256_ = ()
            z = validate_data(self, X, reset=fitting, dtype=np.float64, ensure_all_finite="allow-nan")
            return Points.of_vectors(z)
        embedder = self._embedder(fitting=fitting)
        if fitting:
            self.n_features_in_ = sum(embedder.blocks)
            self.space_sha256_ = (embedder.space.checkpoint.weights_sha256,)
        return embedder(molecules)

    def _surprise(self, smiles: Sequence[str | None]) -> Array:
        """Return the negative ELBO of each molecule, in nats per symbol; nothing where vectors were given."""
        texts = [text for text in smiles if text is not None]
        return self._embedding.surprise(texts) if self.space_sha256_ and texts else np.empty(0)

    def _embedder(self, *, fitting: bool) -> Embedder:
        """Return what turns molecules into vectors, checked to be what the model was fitted with."""
        if not fitting and not self.space_sha256_ and self.space is None:
            raise ValueError("this model was fitted to vectors: to predict molecules, set space to their model")
        space, features = getattr(self, "_embedder_of", (self, ""))
        if space is not self.space or features != self.features:
            self._embedding = Embedder.load(self.space, self.features)
            self._embedder_of = self.space, self.features
        if not fitting:
            self._embedding.check(self.space_sha256_, self.n_features_in_)
        return self._embedding

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded latent space out: a copy in another process loads it from its folder."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_embedding", "_embedder_of")}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
