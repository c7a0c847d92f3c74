"""The latent space as a scikit-learn transformer: SMILES in, vectors out, in any `Pipeline`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from molvae.errors import ConfigError, MoleculeError
from molvae.latent.results import OK
from molvae.latent.space import LatentSpace


class MoleculeLatentTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns SMILES into posterior means.

    >>> transformer = MoleculeLatentTransformer(model="runs/my-model", on_refusal="nan")
    >>> transformer
    MoleculeLatentTransformer(model='runs/my-model', on_refusal='nan')

    Args:
        model: folder of the trained model; None takes the one inside the package.
        on_refusal: what a molecule that the model cannot take becomes: "raise" an error that names the row, or "nan",
            a row of NaN for a later imputer.
        device: "cpu", "cuda" or "auto".
        threads: torch threads; None chooses by the size of the input.
        workers: processes for the chemistry of long inputs; None uses all cores.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        on_refusal: Literal["raise", "nan"] = "raise",
        device: str = "cpu",
        threads: int | None = None,
        workers: int | None = 1,
    ) -> None:
        self.model = model
        self.on_refusal = on_refusal
        self.device = device
        self.threads = threads
        self.workers = workers

    def fit(self, X: Any, y: Any = None) -> MoleculeLatentTransformer:
        """Load the model and check `X`, one SMILES per row; nothing is learned from it.

        Raises:
            ValueError: `X` is not one column, or a setting is unknown.
        """
        if self.on_refusal not in ("raise", "nan"):
            raise ValueError(f"on_refusal must be 'raise' or 'nan', got {self.on_refusal!r}")
        _one_column(X)
        self.n_features_in_ = 1
        self.latent_dim_ = self._loaded().latent_dim
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the posterior means of the molecules, shape (n, D).

        Raises:
            MoleculeError: a molecule is refused and `on_refusal` is "raise".
        """
        check_is_fitted(self)
        encoding = self._loaded().encode(_one_column(X))
        if self.on_refusal == "raise":
            for row, (status, detail) in enumerate(zip(encoding.status, encoding.detail, strict=True)):
                if status != OK:
                    raise MoleculeError(status, f"{detail} (row {row}; on_refusal='nan' keeps such rows)")
        return encoding.mean

    def __call__(self, X: Any) -> NDArray[np.float32]:
        """Return the posterior means of the molecules, without `fit` before, as molfeat's transformers do."""
        return self.fit(X).transform(X)

    def inverse_transform(self, X: Any) -> NDArray[np.object_]:
        """Return the SMILES that the points (n, D) decode to, shape (n,), None where nothing was decoded."""
        check_is_fitted(self)
        decoded = self._loaded().decode(np.asarray(X, dtype=np.float32))
        smiles = np.empty(len(decoded), dtype=object)
        smiles[:] = decoded
        return smiles

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the latent dimensions, `z0`, `z1`, …."""
        check_is_fitted(self)
        return np.array([f"z{dimension}" for dimension in range(self.latent_dim_)], dtype=object)

    def to_json(self) -> str:
        """Return the settings as JSON; the weights stay in the model folder, and nothing is pickled."""
        settings = self.get_params(deep=False)
        return json.dumps({**settings, "model": None if self.model is None else str(self.model)})

    @classmethod
    def from_json(cls, text: str) -> MoleculeLatentTransformer:
        """Return the (unfitted) transformer of `to_json`.

        Raises:
            ConfigError: not a JSON object of known settings.
        """
        try:
            settings = json.loads(text)
        except ValueError as err:
            raise ConfigError(f"settings must be JSON: {err}") from err
        known = set(cls().get_params(deep=False))
        if not isinstance(settings, dict) or not set(settings) <= known:
            raise ConfigError(f"settings must be an object with the keys {', '.join(sorted(known))}")
        return cls(**settings)

    def _loaded(self) -> LatentSpace:
        """Return the latent space, loaded again only where it is missing or the settings were changed."""
        settings = (self.model, self.device, self.threads, self.workers)
        if getattr(self, "_space_of", None) != settings:
            self._space = LatentSpace.load(self.model, device=self.device, threads=self.threads, workers=self.workers)
            self._space_of = settings
        return self._space

    def __getstate__(self) -> dict[str, Any]:
        """Leave the weights out: a copy in another process loads them from the model folder."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_space", "_space_of")}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.requires_fit = True
        return tags


def _one_column(X: Any) -> list[object]:
    """Return the molecules of a list, array, Series or one-column frame.

    Raises:
        ValueError: a single string, or more than one column.
    """
    if isinstance(X, str):
        raise ValueError("X must be a list of SMILES; for one molecule write [smiles]")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2:
        if shape[1] != 1:
            raise ValueError(f"X must be one column of SMILES, got {shape[1]} columns; choose one with X[[name]]")
        X = X.to_numpy()[:, 0] if hasattr(X, "to_numpy") else np.asarray(X)[:, 0]
    return list(X)
