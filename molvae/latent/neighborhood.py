"""Molecules around a molecule: how far to step in latent space for a given similarity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molvae.chem.fingerprints import tanimoto_to
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.substructures import has_substructure
from molvae.latent.results import Encoding, Neighbor, Neighbors

Encode = Callable[[Sequence[str]], Encoding]
Decode = Callable[[NDArray[np.float32]], Sequence[str | None]]

# From a tenth of a posterior standard deviation, where nearly every model returns the molecule itself, to points that
# share nothing with it.
_RADII = tuple(float(radius) for radius in np.geomspace(0.1, 16, 12))
_BINS = 20  # of similarity, from 0 to 1
_NEAR = 0.1  # a similarity this close to the one asked for is a hit
CURVE_MOLECULES = 24
_DRAWS = 12  # per molecule and radius of the calibration
_TURNS = 5
_ROUNDS = 12  # of draws for one query
_TRUST = 60  # draws of this molecule that weigh as much as the calibration


@dataclass(frozen=True, slots=True)
class RadiusCurve:
    """What steps of each radius lead to, measured once per model.

    `shares[i][j]` is the share of steps of radius `radii[i]`, in posterior standard deviations, that lead to another
    molecule whose similarity to the first lies in the j-th of 20 equal bins from 0 to 1. A row sums to less than 1:
    the rest came back to the molecule itself, to one found before, or to none.
    """

    radii: tuple[float, ...]
    shares: tuple[tuple[float, ...], ...]

    @classmethod
    def from_json(cls, value: object) -> RadiusCurve | None:
        """Return the curve that `as_json` wrote, or None for anything else, which is then measured again."""
        if not isinstance(value, Mapping):
            return None
        try:
            radii = np.array(value["radii"], dtype=np.float64)
            shares = np.array(value["shares"], dtype=np.float64)
        except (KeyError, TypeError, ValueError):
            return None
        if radii.ndim != 1 or shares.shape != (len(radii), _BINS) or not (np.all(radii > 0) and np.all(shares >= 0)):
            return None
        return cls(tuple(radii.tolist()), tuple(map(tuple, shares.tolist())))

    def as_json(self) -> dict[str, object]:
        """Return the curve as a JSON object."""
        return {"radii": list(self.radii), "shares": [list(row) for row in self.shares]}

    def hit_rates(self, similarity: float) -> NDArray[np.float64]:
        """Return, for each radius, the share of steps that lead to within 0.1 of `similarity`."""
        centres = (np.arange(_BINS) + 0.5) / _BINS
        near = np.abs(centres - similarity) <= _NEAR
        rates: NDArray[np.float64] = np.array(self.shares)[:, near].sum(axis=1)
        return rates

    def radius(self, similarity: float) -> float:
        """Return the radius, in posterior standard deviations, that leads to `similarity` most often."""
        return self.radii[int(np.argmax(self.hit_rates(similarity)))]


def settled(encode: Encode, decode: Decode, smiles: Sequence[str]) -> Encoding:
    """Return up to `CURVE_MOLECULES` molecules that the model gives back, found by sending samples through it.

    A sample may lie where the decoder writes something else than was encoded; after some turns most have come to rest.
    """
    for _ in range(_TURNS):
        encoding = encode(smiles)
        encoding = encoding[encoding.ok]
        decoded = decode(encoding.mean)
        smiles = list(dict.fromkeys(text for text in decoded if text is not None))
    at_rest = np.array([text == back for text, back in zip(encoding.smiles, decoded, strict=True)], dtype=bool)
    return encoding[np.flatnonzero(at_rest)[:CURVE_MOLECULES]]


def measure_radius_curve(decode: Decode, molecules: Encoding) -> RadiusCurve:
    """Return what steps of each radius lead to, averaged over molecules; the same curve in every run."""
    n, latent_dim = molecules.mean.shape
    noise = np.random.default_rng(0).standard_normal((n, len(_RADII), _DRAWS, latent_dim), dtype=np.float32)
    sigma = np.exp(0.5 * molecules.log_var)[:, None, None]
    points = molecules.mean[:, None, None] + np.array(_RADII, dtype=np.float32)[:, None, None] * sigma * noise
    decoded = np.array(decode(points.reshape(-1, latent_dim)), dtype=object).reshape(noise.shape[:3])
    counts = np.zeros((len(_RADII), _BINS))
    for query, by_radius in zip(molecules.smiles, decoded, strict=True):
        assert query is not None
        for at_radius, found in enumerate(by_radius):
            new = _other_molecules(found, {query})
            if new:
                counts[at_radius] += np.histogram(tanimoto_to(query, new), bins=_BINS, range=(0, 1))[0]
    shares = counts / max(1, n * _DRAWS)
    return RadiusCurve(_RADII, tuple(map(tuple, shares.tolist())))


def find_neighbors(
    decode: Decode,
    curve: RadiusCurve,
    molecule: Encoding,
    *,
    n: int,
    similarity: float,
    keep: str | None = None,
    rng: np.random.Generator,
) -> Neighbors:
    """Return the `n` distinct molecules found nearest to a similarity to one molecule, never that molecule.

    Posterior noise is scaled to the radii that led to this similarity in the calibration, and more and more to those
    that do so around this molecule. The draws end when the mean of the `n` nearest is within 0.03 of `similarity`, or
    after 12 rounds; fewer than `n` come back only if fewer were found. With `keep`, a SMARTS pattern, molecules that
    lack it are left out.
    """
    query, mean, sigma = str(molecule.smiles[0]), molecule.mean[0], np.exp(0.5 * molecule.log_var[0])
    found: dict[str, tuple[float, float]] = {}  # similarity, radius
    lacking: set[str] = set()  # what was to be kept
    hits, draws = curve.hit_rates(similarity) * _TRUST, np.full(len(curve.radii), float(_TRUST))
    for _ in range(_ROUNDS):
        weights = hits / draws + 0.003  # every radius stays possible: this molecule may be unlike the calibration's
        chosen = rng.choice(len(weights), size=max(64, 12 * n), p=weights / weights.sum())
        radii = np.array(curve.radii)[chosen] * np.exp(rng.uniform(-0.2, 0.2, size=len(chosen)))
        noise = rng.standard_normal((len(chosen), len(mean)), dtype=np.float32)
        decoded = decode(mean + radii[:, None].astype(np.float32) * sigma * noise)
        first_at = {smiles: row for row, smiles in reversed(list(enumerate(decoded)))}
        new = _other_molecules(decoded, {query, *found} | lacking)
        if keep is not None:
            lacking |= {smiles for smiles in new if not has_substructure(mol_from_canonical(smiles), keep)}
            new = [smiles for smiles in new if smiles not in lacking]
        similarities = tanimoto_to(query, new) if new else np.empty(0)
        draws += np.bincount(chosen, minlength=len(draws))
        for smiles, value in zip(new, similarities.tolist(), strict=True):
            found[smiles] = (value, float(radii[first_at[smiles]]))
            hits[chosen[first_at[smiles]]] += abs(value - similarity) <= _NEAR
        nearest = sorted(found.items(), key=lambda item: (abs(item[1][0] - similarity), item[0]))[:n]
        if len(nearest) == n and abs(float(np.mean([value for _, (value, _) in nearest])) - similarity) < 0.03:
            break
    rows = sorted((Neighbor(smiles, value) for smiles, (value, _) in nearest), key=lambda row: (-row[1], row[0]))
    radius = float(np.median([radius for _, (_, radius) in nearest])) if nearest else float("nan")
    kept = len(found) / (len(found) + len(lacking)) if found or lacking else float("nan")
    return Neighbors(query=query, rows=tuple(rows), asked=n, radius=radius, kept=kept)


def _other_molecules(decoded: Iterable[str | None], known: set[str]) -> list[str]:
    """Return the distinct molecules that are not known, in order."""
    return list(dict.fromkeys(smiles for smiles in decoded if smiles is not None and smiles not in known))
