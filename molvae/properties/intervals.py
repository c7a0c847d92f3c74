"""Split-conformal prediction intervals through MAPIE (Lei et al., doi:10.1080/01621459.2017.1307116)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from molvae.errors import MissingExtraError
from molvae.properties.regressors import Array

TOO_FEW = "an interval that holds {share:.4g} % needs at least {needed} molecules to calibrate it, this model has {n}"


def half_width(residuals: Array, alpha: float) -> float:
    """Return how far from a prediction the value lies at most, with probability 1 - `alpha`, given other residuals.

    The residuals (n,), of molecules that the model has not seen, may be in any unit, such as predicted standard
    deviations, which makes wide intervals where the model is unsure. For molecules drawn as those were, the promise
    holds whatever the model is, on average over draws of them.

    Raises:
        ValueError: `alpha` is not between 0 and 1, or there are too few residuals for it.
        MissingExtraError: MAPIE is not installed.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1, such as 0.1 for intervals that hold 90 %, got {alpha}")
    needed = math.ceil(1 / alpha - 1 - 1e-9)
    if len(residuals) < max(needed, 2):
        raise ValueError(TOO_FEW.format(share=100 * (1 - alpha), needed=max(needed, 2), n=len(residuals)))
    try:
        from mapie.regression import SplitConformalRegressor
    except ImportError as err:
        raise MissingExtraError("mapie", "uq") from err
    conformal = SplitConformalRegressor(_Zero(), confidence_level=1 - alpha, prefit=True)
    conformal.conformalize(np.zeros((len(residuals), 1)), residuals)
    _, interval = conformal.predict_interval(np.zeros((1, 1)))
    return float(interval[0, 1, 0])


class _Zero(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted regressor whose errors are the values themselves."""

    n_features_in_ = 1  # what MAPIE looks for to see that it is fitted

    def fit(self, X: Any, y: Any) -> _Zero:
        return self

    def predict(self, X: Any) -> Array:
        return np.zeros(len(X))

    def __sklearn_is_fitted__(self) -> bool:
        return True
