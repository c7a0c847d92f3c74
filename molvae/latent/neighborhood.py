"""Molecules around a molecule: how far to step in latent space for a given similarity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from molvae.chem.fingerprints import tanimoto_to
from molvae.latent.results import Encoding, Neighbor, Neighbors

Encode = Callable[[Sequence[str]], Encoding]
Decode = Callable[[NDArray[np.float32]], Sequence[str | None]]

# From a tenth of a posterior standard deviation, where nearly every model returns the molecule itself, to points that
# share nothing with it.
_RADII = tuple(float(radius) for radius in np.geomspace(0.1, 16, 10))
CURVE_MOLECULES = 24
_TURNS = 5
_DRAWS = 6  # per molecule and radius of the calibration
_ROUNDS = 12  # of draws for one query


@dataclass(frozen=True, slots=True)
class RadiusCurve:
    """Mean Tanimoto similarity of decoded neighbours against the radius of the step, measured once per model."""

    radii: tuple[float, ...]  # rising, in posterior standard deviations
    similarities: tuple[float, ...]  # falling

    @classmethod
    def from_json(cls, value: object) -> RadiusCurve | None:
        """Return the curve that `as_json` wrote, or None for anything else, which is then measured again."""
        if not isinstance(value, Mapping):
            return None
        lists = [value.get("radii"), value.get("similarities")]
        numbers = [tuple(map(float, part)) for part in lists if isinstance(part, list) and _all_numbers(part)]
        if len(numbers) != 2 or not len(numbers[0]) == len(numbers[1]) > 1 or min(numbers[0]) <= 0:
            return None
        return cls(*numbers)

    def as_json(self) -> dict[str, list[float]]:
        """Return the curve as a JSON object."""
        return {"radii": list(self.radii), "similarities": list(self.similarities)}

    def radius(self, similarity: float) -> float:
        """Return the radius at which neighbours have this mean similarity, within the measured range."""
        return float(np.exp(np.interp(-similarity, -np.array(self.similarities), np.log(self.radii))))


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
    """Return the similarity of neighbours at each radius, averaged over molecules; the same curve in every run."""
    smiles = [str(text) for text in molecules.smiles]
    latent_dim = molecules.mean.shape[1]
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((len(smiles), len(_RADII), _DRAWS, latent_dim), dtype=np.float32)
    sigma = np.exp(0.5 * molecules.log_var)[:, None, None]
    points = molecules.mean[:, None, None] + np.array(_RADII, dtype=np.float32)[:, None, None] * sigma * noise
    decoded = np.array(decode(points.reshape(-1, latent_dim)), dtype=object).reshape(noise.shape[:3])
    curve = []
    for at_radius in range(len(_RADII)):
        found = [_other_molecules(decoded[i, at_radius], {query}) for i, query in enumerate(smiles)]
        means = [np.mean(tanimoto_to(query, new)) for query, new in zip(smiles, found, strict=True) if new]
        itself = any(query in decoded[i, at_radius] for i, query in enumerate(smiles))
        curve.append(float(np.mean(means)) if means else float(itself))  # 0 where nothing is decoded so far out
    falling = IsotonicRegression(increasing=False).fit_transform(np.arange(len(curve)), curve)
    return RadiusCurve(_RADII, tuple(float(value) for value in falling))


def find_neighbors(
    decode: Decode,
    curve: RadiusCurve,
    molecule: Encoding,
    *,
    n: int,
    similarity: float,
    rng: np.random.Generator,
) -> Neighbors:
    """Return `n` distinct molecules whose similarity to one molecule is close to `similarity`, never that molecule.

    Posterior noise is scaled to the radius that the curve gives, spread by a third to both sides; after each round of
    draws the radius follows what this molecule's neighbours really showed. The `n` molecules nearest to the asked
    similarity are returned: fewer if the rounds found fewer.
    """
    query, mean, sigma = str(molecule.smiles[0]), molecule.mean[0], np.exp(0.5 * molecule.log_var[0])
    found: dict[str, float] = {}
    log_radius = np.log(curve.radius(similarity))
    low, high = np.log(curve.radii[0]), np.log(curve.radii[-1])
    draws = 2 * n + 16
    for turn in range(_ROUNDS):
        radii = np.exp(log_radius + rng.uniform(-0.3, 0.3, size=(draws, 1))).astype(np.float32)
        noise = rng.standard_normal((draws, len(mean)), dtype=np.float32)
        decoded = decode(mean + radii * sigma * noise)
        new = _other_molecules(decoded, {query})
        new_similarities = tanimoto_to(query, new) if new else np.ones(1)
        found.update(zip(new, new_similarities.tolist(), strict=False))
        if _is_enough(list(found.values()), n, similarity):
            break
        if len(found) < n and turn >= _ROUNDS // 2:
            step = 0.4  # the number asked for comes before the similarity: further out there are more
        else:  # the curve's slope turns the miss in similarity into a step of the radius
            excess = float(new_similarities.mean()) - similarity
            step = np.log(curve.radius(similarity - excess) / curve.radius(similarity))
            if abs(step) < 0.1:  # the curve is flat there, or ends
                step = excess
        log_radius = float(np.clip(log_radius + np.clip(step, -0.7, 0.7), low, high))  # at most a factor of 2
    nearest = sorted(found.items(), key=lambda item: (abs(item[1] - similarity), item[0]))[:n]
    rows = sorted((Neighbor(*item) for item in nearest), key=lambda row: (-row.similarity, row.smiles))
    return Neighbors(query=query, rows=tuple(rows), asked=n, radius=float(np.exp(log_radius)))


def _is_enough(similarities: Sequence[float], n: int, similarity: float) -> bool:
    """Say whether the `n` nearest have a mean within 0.03 of the asked similarity."""
    if len(similarities) < n:
        return False
    nearest = sorted(similarities, key=lambda value: abs(value - similarity))[:n]
    return abs(float(np.mean(nearest)) - similarity) < 0.03


def _other_molecules(decoded: Iterable[str | None], known: set[str]) -> list[str]:
    """Return the distinct molecules that are not known, in order."""
    return list(dict.fromkeys(smiles for smiles in decoded if smiles is not None and smiles not in known))


def _all_numbers(values: list[object]) -> bool:
    return all(isinstance(value, int | float) and np.isfinite(value) for value in values)
