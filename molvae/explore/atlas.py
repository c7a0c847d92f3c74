"""A library laid out in a latent space, and what the page asks of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from molvae.chem.descriptors import descriptors
from molvae.chem.fingerprints import tanimoto
from molvae.errors import DataError, MoleculeError
from molvae.latent.directions import Direction
from molvae.latent.projection import Plane
from molvae.latent.results import Encoding
from molvae.latent.space import LatentSpace

# What is shown of a molecule, and along which a slider moves it, with the words on the page.
PROPERTIES = {
    "logp": "logP",
    "qed": "QED",
    "molecular_weight": "weight (g/mol)",
    "tpsa": "TPSA (Å²)",
    "sa_score": "SA score",
}
_FEWEST = 4  # molecules of a map and of a direction


@dataclass(frozen=True, slots=True)
class Place:
    """A molecule on the map."""

    smiles: str  # canonical
    x: float
    y: float
    properties: Mapping[str, float]


@dataclass(frozen=True)
class Atlas:
    """A map of molecules, with the directions along which their properties rise; one caller at a time computes."""

    space: LatentSpace
    plane: Plane
    places: tuple[Place, ...]
    names: tuple[str, ...]  # of the places, '' for none
    directions: Mapping[str, Direction]
    refused: int  # molecules of the library that the model did not take
    _computing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, space: LatentSpace, smiles: Sequence[str], names: Sequence[str] = ()) -> Atlas:
        """Lay out a library; `names` are one for each molecule, or none.

        Raises:
            DataError: the model took fewer than 4 of the molecules.
        """
        encoding = space.encode(list(smiles))
        taken = np.flatnonzero(encoding.ok)
        if len(taken) < _FEWEST:
            reasons = ", ".join(f"{count:,} {code}" for code, count in encoding.refusals.items()) or "no molecules"
            raise DataError(
                f"a map needs at least {_FEWEST} molecules that the model takes, got {len(taken)} ({reasons})"
            )
        known = encoding[taken]
        plane = Plane.of(known.mean)
        table = [_properties(str(text)) for text in known.smiles]
        directions = {}
        for name in PROPERTIES:
            values = [row[name] for row in table]
            if np.ptp(values) > 0:
                # The difference of means follows the data: a step is one that molecules differ by.
                directions[name] = space.attribute_direction(known.mean, values, method="difference")
        flat = plane.place(known.mean)
        places = tuple(
            Place(str(text), float(x), float(y), row)
            for text, (x, y), row in zip(known.smiles, flat, table, strict=True)
        )
        chosen = tuple(names[i] for i in taken.tolist()) if names else ("",) * len(taken)
        return cls(space, plane, places, chosen, directions, len(encoding) - len(taken))

    def place(self, smiles: str) -> Place:
        """Return where a molecule lies on the map.

        Raises:
            MoleculeError: the model does not take it.
        """
        encoding = self._encoded(smiles)
        return self._placed([str(encoding.smiles[0])], encoding.mean)[0]

    def moved(self, smiles: str, steps: Mapping[str, float]) -> Place | None:
        """Return what lies `steps`, in standard deviations of the library, along directions; None for no molecule.

        Raises:
            MoleculeError: the model does not take the molecule.
            ValueError: a direction that there is not.
        """
        z = self._encoded(smiles).mean.copy()
        for name, step in steps.items():
            if name not in self.directions:
                raise ValueError(f"there is no direction {name[:40]!r}, only {', '.join(self.directions)}")
            direction = self.directions[name]
            z += np.float32(step * direction.scale) * direction.vector
        with self._computing:
            [decoded] = self.space.decode(z)
        return None if decoded is None else self._placed([decoded], z)[0]

    def neighbors(self, smiles: str, n: int, similarity: float, seed: int) -> list[tuple[Place, float]]:
        """Return `n` molecules near one, each on the map, with their similarity to it; fewer where there are no more.

        Raises:
            MoleculeError: the model does not take the molecule.
        """
        with self._computing:
            found = self.space.neighbors(smiles, n, similarity=similarity, seed=seed)
        return list(zip(self.places_of(found.smiles), (row.similarity for row in found), strict=True))

    def path(self, start: str, end: str, n: int) -> list[tuple[Place | None, float, float]]:
        """Return the molecules at `n` points from one to another with their similarity to both, None for no molecule.

        Raises:
            MoleculeError: the model does not take an end.
        """
        with self._computing:
            found = self.space.interpolate(start, end, n)
        placed = iter(self.places_of([text for text in found.smiles if text is not None]))
        return [(next(placed) if step.smiles else None, step.to_start, step.to_end) for step in found]

    def similar(self, smiles: str, n: int = 5) -> list[tuple[int, float]]:
        """Return the rows of the most similar molecules of the library, with their similarity, the nearest first."""
        values = np.array([tanimoto(smiles, place.smiles) for place in self.places])
        return [(int(row), float(values[row])) for row in np.argsort(-values, kind="stable")[:n]]

    def places_of(self, smiles: Sequence[str]) -> list[Place]:
        """Return where canonical molecules lie, each at its own posterior mean."""
        if not smiles:
            return []
        with self._computing:
            encoding = self.space.encode(list(smiles))
        return self._placed([str(text) for text in smiles], np.nan_to_num(encoding.mean))

    def _encoded(self, smiles: str) -> Encoding:
        with self._computing:
            encoding = self.space.encode([smiles])
        if not encoding.ok[0]:
            raise MoleculeError(encoding.status[0], encoding.detail[0])
        return encoding

    def _placed(self, smiles: Sequence[str], z: NDArray[np.float32]) -> list[Place]:
        flat = self.plane.place(z)
        return [Place(text, float(x), float(y), _properties(text)) for text, (x, y) in zip(smiles, flat, strict=True)]


def _properties(smiles: str) -> dict[str, float]:
    found = descriptors(smiles)
    return {name: float(getattr(found, name)) for name in PROPERTIES}
