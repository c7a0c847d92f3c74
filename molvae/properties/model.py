"""Property models: measured values of molecules, learned on latent vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from molvae.latent.space import LatentSpace
from molvae.model.domain import share_as_strange
from molvae.properties.domain import Domain
from molvae.properties.embedding import Embedder, Features, Points
from molvae.properties.inputs import MoleculeInput
from molvae.properties.prediction import Prediction
from molvae.properties.regressors import Array
from molvae.properties.selection import checked_kind, hold_out, scaffolds_of
from molvae.properties.tables import feature_scale, label_table, target_names
from molvae.properties.targets import fit_target

_BLOCK = 2_000  # rows predicted at once


class PropertyModel(MultiOutputMixin, RegressorMixin, MoleculeInput):  # type: ignore[misc]
    """Predicts measured properties from SMILES, or from latent vectors.

    Works on a list of SMILES, and as any scikit-learn regressor on a table of vectors; a row that is refused, or that
    holds NaN, keeps its place with NaN. Labels may be missing (NaN), each target is fitted to those it has.

    >>> PropertyModel("gp", calibration=0.1)
    PropertyModel(calibration=0.1, kind='gp')

    Args:
        kind: "ridge" (Bayesian linear), "forest", "gp" (Gaussian process), "mlp" (networks), or "auto": for each
            target the one that predicts molecules with unseen scaffolds best.
        space: the latent space, or the folder of its model, that turns SMILES into vectors; None takes the model
            inside the package. An `Embedder` is taken too, and shared.
        features: of molecules: "z", their latent vectors, or "states", z beside the encoder's states summed over the
            molecule, which often predict better, but are no function of z, so that nothing can be searched along them.
        calibration: share of the molecules, with scaffolds of their own, kept out of the fit to calibrate deviations,
            intervals and domain score; 0 fits to all, and `calibrate` can do it.
        scale_each: bring every dimension to one spread; False keeps the proportions of latent dimensions, which say
            what matters. For vectors of other kinds, in unlike units, say True.
        folds: of the cross-validation that chooses the kind.
        outside: domain score, or share of molecules at least as surprising, below which a molecule is flagged.
        random_state: seed of splits and regressors.
    """

    def __init__(
        self,
        kind: str = "auto",
        *,
        space: Embedder | LatentSpace | Path | str | None = None,
        features: Features = "z",
        calibration: float = 0.2,
        scale_each: bool = False,
        folds: int = 5,
        outside: float = 0.05,
        random_state: Any = 0,
    ) -> None:
        self.kind = kind
        self.space = space
        self.features = features
        self.calibration = calibration
        self.scale_each = scale_each
        self.folds = folds
        self.outside = outside
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any, *, targets: Sequence[str] | None = None, groups: Sequence[str] | None = None
    ) -> PropertyModel:
        """Fit to molecules or vectors (n, D) with labels `y`, (n,) or (n, T); NaN is a missing label.

        `targets` are the names of the labels, by default those of a frame or series. Rows of one of `groups` are never
        on both sides of a split; by default the scaffolds of molecules; '' is a group of its own.

        Raises:
            ValueError: a setting out of range, no usable row, or a target without labels.
            CheckpointError: no latent space where it should be.
        """
        kind = checked_kind(self.kind)
        if not 0 <= self.calibration < 1 or self.folds < 2 or not 0 <= self.outside <= 1:
            raise ValueError(
                "calibration must be at least 0 and below 1, folds at least 2 and outside from 0 to 1, got "
                f"{self.calibration}, {self.folds} and {self.outside}"
            )
        if y is None:
            raise ValueError("PropertyModel requires y to be passed, but the target y is None")
        points = self._points(X, fitting=True)
        labels = label_table(y, len(points.z))
        self.single_ = np.asarray(y).ndim == 1  # one value for each row, not a table with one column
        usable = np.flatnonzero(np.isfinite(points.z).all(axis=1) & ~np.isnan(labels).all(axis=1))
        if len(usable) < 2:
            raise ValueError(f"a fit needs at least 2 rows with vector and label, got n_samples={len(usable)}")
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if groups is not None:
            check_consistent_length(groups, range(len(points.z)))
        together = (
            scaffolds_of([points.smiles[i] for i in usable]) if groups is None else [groups[int(i)] for i in usable]
        )
        fitted, held = hold_out(together, self.calibration, seed=seed)
        z, labels = points.z[usable], labels[usable]
        self.center_ = z[fitted].mean(axis=0)
        blocks = self._embedding.blocks if self.space_sha256_ else (z.shape[1],)
        self.scale_ = feature_scale(z[fitted], blocks, each=self.scale_each)
        x = self._standardized(z)
        names = target_names(y, labels.shape[1]) if targets is None else tuple(map(str, targets))
        if len(set(names)) != labels.shape[1] or len(names) != labels.shape[1]:
            raise ValueError(f"targets must be {labels.shape[1]} different names, got {list(names)}")
        known = [together[i] for i in fitted]
        self.targets_ = tuple(
            fit_target(name, kind, x[fitted], labels[fitted, t], known, folds=self.folds, seed=seed)
            for t, name in enumerate(names)
        )
        self._calibrate(x[held], labels[held], x[fitted])
        reference = held if len(held) >= 2 else fitted
        self.surprise_ = np.sort(self._surprise([points.smiles[usable[i]] for i in reference]))
        return self

    def calibrate(self, X: Any, y: Any) -> PropertyModel:
        """Calibrate deviations, intervals and domain score on molecules that were not fitted, in place of those kept.

        Raises:
            ValueError: no row of `X` is usable.
        """
        check_is_fitted(self)
        points = self._points(X)
        labels = label_table(y, len(points.z))
        if labels.shape[1] != len(self.targets_):
            raise ValueError(f"y must have {len(self.targets_)} targets, got {labels.shape[1]}")
        usable = np.isfinite(points.z).all(axis=1) & ~np.isnan(labels).all(axis=1)
        if not usable.any():
            raise ValueError("no row has a vector and a label to calibrate with")
        self._calibrate(self._standardized(points.z[usable]), labels[usable], self.domain_.points)
        self.surprise_ = np.sort(self._surprise([points.smiles[i] for i in np.flatnonzero(usable)]))
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return predictions, (n,) or (n, T), NaN for refused rows; with `return_std` also standard deviations."""
        mean, std = self._moments(self._points(X))
        return (self._shaped(mean), self._shaped(std)) if return_std else self._shaped(mean)

    def predict_interval(self, X: Any, alpha: float = 0.1) -> tuple[Array, Array]:
        """Return the ends of intervals that hold the value with probability 1 - `alpha`, each (n,) or (n, T).

        Split-conformal, scaled by the predicted deviation: the promise is for molecules like the held-out ones.

        Raises:
            ValueError: too few held-out molecules for `alpha`.
            MissingExtraError: MAPIE is not installed.
        """
        prediction = self.describe(X, alpha=alpha)
        return self._shaped(prediction.lower), self._shaped(prediction.upper)

    def describe(self, X: Any, *, alpha: float | None = None) -> Prediction:
        """Return predictions with deviations, domain scores, flags and reasons; with `alpha` also intervals."""
        points = self._points(X)
        mean, std = self._moments(points)
        width = np.full_like(std, np.nan)
        if alpha is not None:
            width = np.stack([t.half_widths(std[:, i], alpha) for i, t in enumerate(self.targets_)], axis=1)
        domain = np.full(len(mean), np.nan)
        known = np.isfinite(points.z).all(axis=1)
        if known.any():
            domain[known] = self.domain_.score(self._standardized(points.z[known]))
        surprise, typical = np.full(len(mean), np.nan), np.full(len(mean), np.nan)
        if len(self.surprise_) and any(points.smiles):
            surprise[known] = self._surprise([points.smiles[i] for i in np.flatnonzero(known)])
            typical[known] = share_as_strange(surprise[known], self.surprise_)
        inside = (domain >= self.outside) & ~(typical < self.outside)
        return Prediction(
            tuple(target.name for target in self.targets_), mean, std, mean - width, mean + width,
            domain, surprise, typical, inside, points.smiles, points.status, points.detail,
        )  # fmt: skip

    def values(self, X: Any) -> list[dict[str, float] | None]:
        """Return the predictions of each row by name, None where it is refused: an objective of several values."""
        names = [target.name for target in self.targets_]
        mean, _ = self._moments(self._points(X))
        return [None if np.isnan(row).any() else dict(zip(names, row.tolist(), strict=True)) for row in mean]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the mean over targets, of the rows that have both prediction and label."""
        predicted = np.asarray(self.predict(X)).reshape(-1, len(self.targets_))
        labels = label_table(y, len(predicted))
        scores = []
        for t in range(labels.shape[1]):
            both = ~np.isnan(labels[:, t]) & ~np.isnan(predicted[:, t])
            weight = None if sample_weight is None else np.asarray(sample_weight)[both]
            scores.append(r2_score(labels[both, t], predicted[both, t], sample_weight=weight))
        return float(np.mean(scores))

    def save(self, folder: Path | str) -> None:
        """Write the model, and the latent space it needs, to a folder that `load` reads; nothing is pickled."""
        from molvae.properties.saved import save_model

        check_is_fitted(self)
        save_model(folder, self)

    @classmethod
    def load(cls, folder: Path | str, *, space: LatentSpace | Path | str | None = None) -> PropertyModel:
        """Return the model of a folder; `space` replaces the latent space in it, and must be the same one.

        Raises:
            CheckpointError: missing, damaged or hostile files; the message says which and why.
        """
        from molvae.properties.saved import load_model

        return load_model(folder, space=space)

    def _calibrate(self, x: Array, labels: Array, fitted: Array) -> None:
        self.targets_ = tuple(target.calibrated(x, labels[:, t]) for t, target in enumerate(self.targets_))
        self.domain_ = Domain.fit(fitted, x)

    def _moments(self, points: Points) -> tuple[Array, Array]:
        mean, std = (np.full((len(points.z), len(self.targets_)), np.nan) for _ in range(2))
        known = np.flatnonzero(np.isfinite(points.z).all(axis=1))
        for start in range(0, len(known), _BLOCK):
            rows = known[start : start + _BLOCK]
            x = self._standardized(points.z[rows])
            for t, target in enumerate(self.targets_):
                mean[rows, t], std[rows, t] = target.moments(x)
        return mean, std

    def _standardized(self, z: Array) -> Array:
        x: Array = (z - self.center_) / self.scale_
        return x

    def _shaped(self, values: Array) -> Array:
        return values[:, 0] if self.single_ else values
