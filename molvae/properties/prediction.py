"""What a property model says of molecules, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molvae.chem.tables import SHOWN, html_table
from molvae.properties.regressors import Array


@dataclass(frozen=True, slots=True, repr=False)
class Prediction:
    """What a model says of `n` rows, in their order; a refused row has NaN, no SMILES, and its reason."""

    targets: tuple[str, ...]
    mean: Array  # (n, T), in the unit of the labels
    std: Array  # (n, T), the same unit
    lower: Array  # (n, T), NaN unless intervals were asked for
    upper: Array  # (n, T)
    domain: Array  # (n,) share of held-out training molecules at least as far from the training set, 0 to 1
    surprise: Array  # (n,) negative ELBO in nats per symbol: how unlike what the model writes; NaN for vectors
    typical: Array  # (n,) share of held-out training molecules at least as surprising, 0 to 1; NaN for vectors
    inside: NDArray[np.bool_]  # (n,) whether `domain` and, for molecules, `typical` reach the model's `outside`
    smiles: tuple[str | None, ...]  # canonical, None for vectors
    status: tuple[str, ...]  # "ok", or why there is no prediction
    detail: tuple[str, ...]  # the reason in words

    def __len__(self) -> int:
        return len(self.status)

    def __repr__(self) -> str:
        known = self.status.count("ok")
        return f"Prediction({known:,} of {len(self):,} of {', '.join(self.targets)}, {int(self.inside.sum()):,} inside)"

    def _repr_html_(self) -> str:
        rows = []
        for i in range(min(len(self), SHOWN)):
            numbers = [
                _with_range(self.mean[i, t], self.std[i, t], self.lower[i, t], self.upper[i, t])
                for t in range(len(self.targets))
            ]
            known = self.status[i] == "ok"
            familiar = (float(self.domain[i]), float(self.typical[i]), bool(self.inside[i])) if known else (None,) * 3
            rows.append((self.smiles[i], *numbers, *familiar, self.detail[i]))
        columns = ("", *self.targets, "domain", "typical", "inside", "reason")
        return html_table(columns, rows, caption=f"{len(self):,} predictions", drawn=[""], total=len(self))


def _with_range(mean: float, std: float, lower: float, upper: float) -> str:
    """Return a prediction with its deviation, and with its interval if it has one; '' where there is none."""
    if np.isnan(mean):
        return ""
    return f"{mean:.3g} ± {std:.2g}" + ("" if np.isnan(lower) else f" [{lower:.3g}, {upper:.3g}]")
