"""How strange a molecule is to a model: stranger than how many of the molecules it knows?

A molecule is as strange as the strangest of several measures says, each in units of its spread over held-out known
molecules. The score is the share of these that are at least as strange: a conformal p-value (Laxhammar & Falkman,
doi:10.1007/s10472-013-9381-7), 1 in the middle of what is known and 1 / (held out + 1) beyond all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.errors import CheckpointError
from molvae.model.priors import FullGaussian

NEIGHBORS = 5
_ROWS = 512  # compared with all known points at a time
_MAX_POINTS, _MAX_REFERENCE = 100_000, 1_000_000

Array = NDArray[np.float64]


def share_as_strange(strangeness: Array, reference: Array) -> Array:
    """Return the share of a sorted `reference` (m,) at least as strange as each of `strangeness` (n,), above 0.

    >>> share_as_strange(np.array([0.0, 2.5, 9.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    tolerance = 1e-9 * np.abs(reference[-1])  # a molecule asked for alone or among others has one score
    stranger = len(reference) - np.searchsorted(reference, strangeness - tolerance)
    share: Array = (1 + stranger) / (1 + len(reference))
    return share


def nearest_distance(points: Tensor, known: Tensor, *, leave_out_self: bool = False) -> Tensor:
    """Return the mean Euclidean distance of each of `points` (n, D) to its five nearest of `known` (m, D), shape (n,).

    `leave_out_self` is for points that are themselves the known ones.
    """
    count = min(NEIGHBORS, len(known) - leave_out_self)
    if count < 1:
        return points.new_zeros(len(points))
    found = []
    for start in range(0, len(points), _ROWS):
        distances = torch.cdist(points[start : start + _ROWS], known)
        if leave_out_self:
            rows = torch.arange(len(distances))
            distances[rows, start + rows] = torch.inf
        found.append(distances.topk(count, largest=False).values.mean(dim=1))
    return torch.cat(found) if found else points.new_zeros(0)


@dataclass(frozen=True, eq=False)
class Domain:
    """Where a model knows molecules, and how strange held-out ones are there.

    The measures of a molecule are nats per symbol, -ELBO / (symbols + 1) at the mean of q(z | x); the Mahalanobis
    distance of that mean to the aggregate posterior of known molecules; and its mean distance to the nearest known
    points.
    """

    MEASURES: ClassVar[tuple[str, ...]] = ("nats per symbol", "distance to the posterior", "distance to neighbours")

    aggregate: FullGaussian  # the moments of the aggregate posterior of known molecules
    points: Tensor  # (P, D), posterior means of some of them, in half precision
    center: Tensor  # (3,), the median of each measure over held-out molecules
    spread: Tensor  # (3,), their interquartile range
    reference: Tensor  # (m,), how strange the held-out molecules are, rising

    def __post_init__(self) -> None:
        latent_dim, measures = self.aggregate.latent_dim, len(self.MEASURES)
        if self.points.ndim != 2 or self.points.shape[1] != latent_dim or len(self.points) == 0:
            raise ValueError(f"points must have shape (n >= 1, {latent_dim}), got {tuple(self.points.shape)}")
        if self.center.shape != (measures,) or self.spread.shape != (measures,) or not (self.spread > 0).all():
            raise ValueError(f"center and spread must hold {measures} numbers, those of spread above 0")
        if self.reference.ndim != 1 or len(self.reference) == 0 or (self.reference.diff() < 0).any():
            raise ValueError("reference must hold rising numbers, at least one")

    @classmethod
    def fit(
        cls, mean: Tensor, log_var: Tensor, held_out: Tensor, nats_per_symbol: Tensor, *, points: int = 4_096
    ) -> Domain:
        """Learn from the posteriors of known molecules, (n, D) each, and from others that set the scale.

        Args:
            mean: posterior means of known molecules.
            log_var: their log-variances.
            held_out: posterior means (m, D) of molecules that were drawn as the known ones were.
            nats_per_symbol: of these, (m,).
            points: known molecules that are kept, the first ones.

        Raises:
            ValueError: fewer than two known molecules, or fewer than four others.
        """
        if len(held_out) < 4 or held_out.shape[1:] != mean.shape[1:]:
            raise ValueError(f"a domain needs at least 4 held-out molecules, got {len(held_out)}")
        known = mean[:points].half().float()  # as the model file keeps them
        aggregate = FullGaussian.fit(mean, log_var)
        measures = _measures(aggregate, known, held_out, nats_per_symbol)
        low, center, high = measures.quantile(torch.tensor([0.25, 0.5, 0.75], dtype=measures.dtype), dim=0)
        spread = (high - low).clamp_min(1e-6)
        strangeness = ((measures - center) / spread).amax(dim=1).sort().values
        return cls(aggregate, known, center, spread, strangeness)

    def measures(self, z: Tensor, nats_per_symbol: Tensor) -> Tensor:
        """Return each measure of molecules with posterior means `z` (n, D), in its unit, shape (n, 3)."""
        return _measures(self.aggregate, self.points, z, nats_per_symbol)

    def strangeness(self, measures: Tensor) -> Tensor:
        """Return how far each measure (n, 3) is above the median of known molecules, in interquartile ranges."""
        return (measures - self.center) / self.spread

    def score(self, z: Tensor, nats_per_symbol: Tensor) -> Array:
        """Return the share of held-out known molecules at least as strange, above 0 and up to 1, shape (n,)."""
        strangest = self.strangeness(self.measures(z, nats_per_symbol)).amax(dim=1)
        return share_as_strange(strangest.double().numpy(), self.reference.double().numpy())

    def sizes(self) -> dict[str, int]:
        """Return the numbers that the shapes of `tensors` depend on, beside the latent size."""
        return {"points": len(self.points), "reference": len(self.reference)}

    def tensors(self) -> dict[str, Tensor]:
        """Return what the model file must hold to build this domain again."""
        return {
            "mean": self.aggregate.mean, "scale": self.aggregate.scale, "points": self.points.half(),
            "center": self.center, "spread": self.spread, "reference": self.reference,
        }  # fmt: skip


def domain_shapes(latent_dim: int, sizes: object) -> dict[str, tuple[int, ...]]:
    """Return the tensors of a domain of these `sizes` in the model file, with their shapes.

    Raises:
        CheckpointError: a size is missing, unknown or out of range.
    """
    limits = {"points": _MAX_POINTS, "reference": _MAX_REFERENCE}
    if not isinstance(sizes, dict) or set(sizes) != set(limits):
        raise CheckpointError(f"domain must be an object with {', '.join(limits)}, got {str(sizes)[:80]}")
    for name, limit in limits.items():
        if type(sizes[name]) is not int or not 1 <= sizes[name] <= limit:
            raise CheckpointError(f"{name} of the domain must be from 1 to {limit:,}, got {str(sizes[name])[:40]}")
    measures = (len(Domain.MEASURES),)
    return {
        "mean": (latent_dim,), "scale": (latent_dim, latent_dim), "points": (sizes["points"], latent_dim),
        "center": measures, "spread": measures, "reference": (sizes["reference"],),
    }  # fmt: skip


def build_domain(tensors: dict[str, Tensor]) -> Domain:
    """Return the domain of the tensors named by `domain_shapes`.

    Raises:
        CheckpointError: the numbers are none of a domain.
    """
    try:
        aggregate = FullGaussian(tensors["mean"], tensors["scale"])
        return Domain(aggregate, *(tensors[name] for name in ("points", "center", "spread", "reference")))
    except ValueError as err:
        raise CheckpointError(f"domain: {err}") from err


def _measures(aggregate: FullGaussian, points: Tensor, z: Tensor, nats_per_symbol: Tensor) -> Tensor:
    columns: Sequence[Tensor] = (nats_per_symbol, aggregate.distance(z), nearest_distance(z, points))
    return torch.stack([column.to(z.dtype) for column in columns], dim=1)
