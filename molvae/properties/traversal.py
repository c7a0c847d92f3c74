"""Attribute directions from data: along "more soluble" from a molecule, the property read back from what is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from molvae.latent.directions import Direction, Method
from molvae.properties.model import PropertyModel

if TYPE_CHECKING:
    from molvae.latent.space import LatentSpace

STEPS = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


class PropertyStep(NamedTuple):
    """One point along a direction, and what the molecule there is predicted to be."""

    position: float  # standard deviations of the data along the direction
    smiles: str | None  # None where nothing was decoded
    similarity: float  # Tanimoto similarity to the start, NaN where nothing was decoded
    predicted: float  # of the molecule, encoded anew; NaN where there is none
    std: float
    inside: bool  # whether the molecule is in the domain of the model


@dataclass(frozen=True, slots=True)
class Traversal:
    """The molecules along a direction from one molecule, with their predicted property."""

    start: str  # canonical SMILES
    steps: tuple[PropertyStep, ...]

    @property
    def trend(self) -> float:
        """Spearman's correlation of position and predicted property: 1 where each step raises it; NaN for none."""
        known = {step.smiles: step for step in self.steps if np.isfinite(step.predicted)}  # a molecule counts once
        if len(known) < 2:
            return float("nan")
        positions, values = zip(*((step.position, step.predicted) for step in known.values()), strict=True)
        first, second = (np.argsort(np.argsort(part)).astype(np.float64) for part in (positions, values))
        return float(np.corrcoef(first, second)[0, 1])


class AttributeAxis:
    """A direction in z along which a measured property rises, and a model that reads the property of any molecule.

    The direction is linear in z; the model is not bound to be, and sees molecules only after they were decoded and
    encoded again. So a direction that decodes to nothing better shows as what it is.
    """

    def __init__(
        self, space: LatentSpace, molecules: Sequence[Any], values: Sequence[float], *, kind: str = "gp",
        method: Method = "pattern", name: str = "y", seed: int = 0,
    ) -> None:  # fmt: skip
        """Learn direction and model from molecules and their values; refused rows and NaN are left out.

        Args:
            space: of z.
            molecules: SMILES.
            values: one for each, NaN where it is missing.
            kind: of the model, see `PropertyModel`.
            method: of the direction, see `attribute_direction`.
            name: of the property.
            seed: of the model.

        Raises:
            ValueError: fewer than four usable molecules, or values that do not vary.
        """
        self.space, self.name = space, name
        self.model = PropertyModel(kind, space=space, random_state=seed)
        self.model.fit(list(molecules), np.asarray(values, dtype=np.float64), targets=[name])
        self.direction: Direction = space.attribute_direction(list(molecules), values, method=method)

    def traverse(self, smiles: str, steps: Sequence[float] = STEPS) -> Traversal:
        """Return the molecules at `steps` along the direction from one molecule, in standard deviations of the data.

        Raises:
            MoleculeError: the molecule is refused.
        """
        path = self.space.traverse(smiles, self.direction, steps)
        found = self.model.describe([step.smiles for step in path])
        return Traversal(path.start, tuple(
            PropertyStep(
                step.position, step.smiles, step.to_start, float(found.mean[i, 0]), float(found.std[i, 0]),
                bool(found.inside[i]),
            )
            for i, step in enumerate(path)
        ))  # fmt: skip
