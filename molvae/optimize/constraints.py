"""What a molecule must be, whatever its score: the cheap rules are checked before a call is spent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from molvae.chem.alerts import AlertCatalog, structure_alerts
from molvae.chem.descriptors import descriptor_function
from molvae.chem.molecule import Molecule, canonical_smiles
from molvae.chem.similarity import FingerprintKind, SimilarityTo
from molvae.chem.substructures import count_substructures, has_substructure, read_smarts
from molvae.settings import require

if TYPE_CHECKING:
    from molvae.latent.space import LatentSpace


class Constraint(Protocol):
    """A rule that needs only the structure; write your own with this one method."""

    def violation(self, molecule: Molecule) -> str:
        """Return what is wrong in a few words, '' where the rule holds."""


@dataclass(frozen=True)
class SimilarTo:
    """At least so similar to a reference, by Tanimoto similarity of counts (see `SimilarityTo`)."""

    reference: str
    similarity: float = 0.4
    fingerprint: FingerprintKind = "ECFP4"

    def __post_init__(self) -> None:
        require(0 <= self.similarity <= 1, "similarity", "from 0 to 1", self.similarity)
        _ = self._measure

    @cached_property
    def _measure(self) -> SimilarityTo:
        return SimilarityTo(canonical_smiles(self.reference), self.fingerprint)

    def violation(self, molecule: Molecule) -> str:
        """Return '' where it is similar enough."""
        found = self._measure(molecule.mol)
        return "" if found >= self.similarity else f"similarity {found:.3f}, below {self.similarity:g}"


@dataclass(frozen=True)
class Contains:
    """A SMARTS pattern must occur, at least `count` times."""

    smarts: str
    count: int = 1

    def __post_init__(self) -> None:
        require(self.count >= 1, "count", "at least 1", self.count)
        read_smarts(self.smarts)

    def violation(self, molecule: Molecule) -> str:
        """Return '' where it occurs often enough."""
        if self.count == 1:
            return "" if has_substructure(molecule.mol, self.smarts) else f"lacks {self.smarts}"
        found = count_substructures(molecule.mol, self.smarts)
        return "" if found >= self.count else f"has {found} of {self.smarts}, needs {self.count}"


@dataclass(frozen=True)
class Lacks:
    """A SMARTS pattern must not occur."""

    smarts: str

    def __post_init__(self) -> None:
        read_smarts(self.smarts)

    def violation(self, molecule: Molecule) -> str:
        """Return '' where it does not occur."""
        return f"has {self.smarts}" if has_substructure(molecule.mol, self.smarts) else ""


@dataclass(frozen=True)
class NoAlerts:
    """None of the structure alerts of these catalogues (see `structure_alerts`)."""

    catalogs: tuple[AlertCatalog, ...] = ("PAINS", "BRENK")

    def __post_init__(self) -> None:
        structure_alerts("C", self.catalogs)

    def violation(self, molecule: Molecule) -> str:
        """Return '' for a clean molecule."""
        alerts = structure_alerts(molecule.mol, self.catalogs)
        return f"raises the alert {', '.join(alerts)}" if alerts else ""


@dataclass(frozen=True, eq=False)
class InDomain:
    """Not stranger to a model than all but this share of its training molecules (see `LatentSpace.domain`).

    It encodes and scores every molecule that is proposed, which takes the time of some descriptors.
    """

    space: LatentSpace
    least: float = 0.05

    def __post_init__(self) -> None:
        require(0 <= self.least <= 1, "least", "from 0 to 1", self.least)
        self.space.domain([])  # a model that holds none says so now

    def violation(self, molecule: Molecule) -> str:
        """Return '' where it is familiar enough."""
        score = float(self.space.domain([molecule.smiles])[0])
        if math.isnan(score):
            return "the model cannot take it"
        return "" if score >= self.least else f"domain score {score:.4f}, below {self.least:g}"


@dataclass(frozen=True)
class _Range:
    name: str
    low: float = field(default=-math.inf, kw_only=True)
    high: float = field(default=math.inf, kw_only=True)

    def __post_init__(self) -> None:
        require(self.low <= self.high, "low", f"at most high, {self.high:g}", self.low)

    def _outside(self, value: float) -> str:
        if self.low <= value <= self.high:
            return ""
        return f"{self.name} {value:.4g}, " + (f"above {self.high:g}" if value > self.high else f"below {self.low:g}")


@dataclass(frozen=True)
class PropertyRange(_Range):
    """A descriptor of `molvae.chem.Descriptors` must lie between two values, both allowed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        descriptor_function(self.name)

    def violation(self, molecule: Molecule) -> str:
        """Return '' where it lies between them."""
        return self._outside(descriptor_function(self.name)(molecule.mol))


@dataclass(frozen=True)
class ValueRange(_Range):
    """A value that the objective returns must lie between two values, both allowed: known only after the call."""

    def value_violation(self, values: Mapping[str, float]) -> str:
        """Return '' where it lies between them; a missing value or NaN lies outside."""
        return self._outside(values.get(self.name, math.nan))


def max_atoms(count: int) -> PropertyRange:
    """Return the rule that a molecule has at most so many heavy atoms.

    >>> max_atoms(38)
    PropertyRange(name='heavy_atoms', low=-inf, high=38)
    """
    require(count >= 1, "count", "at least 1", count)
    return PropertyRange("heavy_atoms", high=count)
