"""How smooth, how full and how stable a latent space is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from molvae.chem.descriptors import descriptor_table
from molvae.chem.fingerprints import tanimoto
from molvae.errors import DataError
from molvae.evaluate.measure import Measure, as_json, measure_lines, measure_tables
from molvae.latent.paths import path
from molvae.latent.results import Encoding
from molvae.latent.space import LatentSpace

RADII = (0.25, 0.5, 1.0, 2.0, 4.0)  # in posterior standard deviations
_INSIDE = (0.25, 0.5, 0.75)  # of the line between two molecules
_HOLE_QUANTILE = 0.99
_PROPERTIES = ("logp", "qed", "molecular_weight")

Points = NDArray[np.float32]  # (n, D)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LatentReport:
    """Figures of a latent space by group, each with the number of points that it was measured on."""

    groups: Mapping[str, Sequence[Measure]]
    molecules: Encoding  # the real molecules that were encoded
    prior: Points  # the prior points that were decoded, (n, D)

    def as_json(self) -> dict[str, object]:
        """Return the figures as a JSON object."""
        return {group: as_json(measures) for group, measures in self.groups.items()}

    def __repr__(self) -> str:
        return measure_lines("LatentReport", self.groups)

    def _repr_html_(self) -> str:
        return measure_tables(self.groups)


def evaluate_latent(
    space: LatentSpace, molecules: Sequence[str], *, n: int = 1_000, seed: int = 0, prior: str | None = None
) -> LatentReport:
    """Measure a latent space around and between real molecules, and at points of a prior.

    Args:
        space: the model.
        molecules: real SMILES, of which the first `n` that the model takes are used.
        n: how many molecules, pairs of them, and prior points.
        seed: of noise, pairs and prior points.
        prior: its name; None for the model's own.

    Raises:
        DataError: fewer than 4 molecules were taken.
        ValueError: there is no such prior.
    """
    points = space.sample_latent(n, seed=seed, prior=prior)
    encoding = space.encode(molecules[:n])
    encoding = encoding[encoding.ok]
    if len(encoding) < 4:
        raise DataError(f"a latent space is measured on at least 4 molecules, got {len(encoding)} that the model takes")
    rng = np.random.default_rng(seed)
    groups = {
        "smoothness": [*_steps(space, encoding, rng), *_distances(encoding, rng)],
        "straight lines": _lines(space, encoding, rng),
        "stability": _stability(space, encoding, points),
        "holes": _holes(space, encoding, points, rng),
    }
    return LatentReport(groups, encoding, points)


def _steps(space: LatentSpace, encoding: Encoding, rng: np.random.Generator) -> list[Measure]:
    """Measure what a step of each radius in posterior standard deviations, in a random direction, decodes to."""
    sigma = np.exp(0.5 * encoding.log_var)
    noise = rng.standard_normal(sigma.shape, dtype=np.float32)
    own = property_table(encoding.smiles, _PROPERTIES)
    measures = []
    for radius in RADII:
        decoded = space.decode(encoding.mean + np.float32(radius) * sigma * noise)
        pairs = [(a, b) for a, b in zip(encoding.smiles, decoded, strict=True) if b is not None]
        similarity = [1.0 if a == b else tanimoto(str(a), b) for a, b in pairs]
        change = np.abs(property_table(decoded, _PROPERTIES) - own)
        label = f"{radius:g} σ"
        distance = float(np.linalg.norm(radius * sigma * noise, axis=1).mean())
        measures += [
            Measure(f"{label}: Tanimoto", _mean(similarity), len(pairs), f"latent distance {distance:.3g}"),
            Measure.rate(f"{label}: same molecule", sum(a == b for a, b in pairs), len(decoded)),
            *(
                Measure(f"{label}: change of {name}", _mean(change[:, column]), len(pairs))
                for column, name in enumerate(_PROPERTIES)
            ),
        ]
    return measures


def _distances(encoding: Encoding, rng: np.random.Generator) -> list[Measure]:
    """Measure whether what is near in the latent space is alike, over pairs of real molecules."""
    a, b = _pairs(len(encoding), rng)
    distance = np.linalg.norm(encoding.mean[a] - encoding.mean[b], axis=1)
    similarity = [tanimoto(str(encoding.smiles[i]), str(encoding.smiles[j])) for i, j in zip(a, b, strict=True)]
    table = property_table(encoding.smiles, _PROPERTIES)
    note = "Spearman's ρ with latent distance, over pairs"
    return [
        Measure("distance ~ dissimilarity", _rank_correlation(distance, 1 - np.array(similarity)), len(a), note),
        *(
            Measure(
                f"distance ~ difference of {name}",
                _rank_correlation(distance, np.abs(table[a, column] - table[b, column])),
                len(a),
                note,
            )
            for column, name in enumerate(_PROPERTIES)
        ),
    ]


def _lines(space: LatentSpace, encoding: Encoding, rng: np.random.Generator) -> list[Measure]:
    """Measure what lies on the straight line between two molecules, at a quarter, a half and three quarters."""
    a, b = _pairs(len(encoding), rng)
    ends_at = zip(encoding.mean[a], encoding.mean[b], strict=True)
    lines = np.stack([path(start, end, 5, method="linear")[1:4] for start, end in ends_at])
    decoded = np.array(space.decode(lines.reshape(-1, space.latent_dim)), dtype=object).reshape(len(a), len(_INSIDE))
    ends = np.array(encoding.smiles, dtype=object)
    known = (decoded == ends[a][:, None]) | (decoded == ends[b][:, None])
    empty = decoded == np.array(None)
    new = ~known & ~empty
    middle = [
        max(tanimoto(str(ends[i]), text), tanimoto(str(ends[j]), text))
        for i, j, text in zip(a, b, decoded[:, 1], strict=True)
        if text is not None
    ]
    return [
        Measure.rate("new on the line", int(new.sum()), new.size, "neither end, at 1/4, 1/2 and 3/4"),
        Measure.rate("new in the middle", int(new[:, 1].sum()), len(new)),
        Measure.rate("nothing on the line", int(empty.sum()), empty.size, "decodes to no molecule"),
        Measure("middle to nearer end", _mean(middle), len(middle), "Tanimoto"),
    ]


def _stability(space: LatentSpace, encoding: Encoding, points: Points) -> list[Measure]:
    """Measure how often decode → encode → decode comes back to the same molecule."""
    return [
        Measure.rate("stable, real molecules", *_stable(space, encoding.mean)),
        Measure.rate("stable, prior points", *_stable(space, points)),
    ]


def _stable(space: LatentSpace, points: Points) -> tuple[int, int]:
    first = space.decode(points)
    again = space.reconstruct([text or "" for text in first])  # nothing decoded is refused and counts as unstable
    return sum(row.exact and row.smiles == text for row, text in zip(again, first, strict=True)), len(points)


def _holes(space: LatentSpace, encoding: Encoding, points: Points, rng: np.random.Generator) -> list[Measure]:
    """Measure the share of prior points in holes.

    A point belongs to the molecule that it decodes to if it lies within that molecule's posterior. How far points
    drawn from posteriors of real molecules lie out, in standard deviations, is what is normal; a hole is a prior point
    farther out than 99 % of those, or one that decodes to no molecule.
    """
    noise = rng.standard_normal(encoding.mean.shape, dtype=np.float32)
    drawn = encoding.mean + np.exp(0.5 * encoding.log_var) * noise
    normal, found = _offsets(space, drawn), _offsets(space, points)
    limit = float(np.quantile(normal[np.isfinite(normal)], _HOLE_QUANTILE)) if np.isfinite(normal).any() else 0.0
    inside = np.isfinite(found)
    return [
        Measure.rate("hole rate of the prior", int((~(found <= limit)).sum()), len(found), f"beyond {limit:.3g} σ"),
        Measure("offset, posterior points", _mean(normal), int(np.isfinite(normal).sum()), "root mean square, in σ"),
        Measure("offset, prior points", _mean(found), int(inside.sum()), "of the molecule decoded there, in σ"),
    ]


def _offsets(space: LatentSpace, points: Points) -> NDArray[np.float64]:
    """Return how far each point lies from the posterior mean of the molecule that it decodes to, NaN for none.

    The root mean square over the dimensions, in posterior standard deviations, shape (n,).
    """
    decoded = space.encode([text or "" for text in space.decode(points)])
    deviations = (points - decoded.mean) / np.exp(0.5 * decoded.log_var)
    offsets: NDArray[np.float64] = np.sqrt(np.square(deviations, dtype=np.float64).mean(axis=1))
    return offsets


def property_table(smiles: Sequence[str | None], names: Sequence[str]) -> NDArray[np.float64]:
    """Return the named descriptors of molecules (n, names), NaN for no molecule."""
    table = np.full((len(smiles), len(names)), np.nan)
    known = [row for row, text in enumerate(smiles) if text is not None]
    table[known] = descriptor_table([str(smiles[row]) for row in known], names)
    return table


def _pairs(n: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return `n` pairs of different molecules: each once in each place."""
    order = rng.permutation(n)
    return order, np.roll(order, 1)


def _rank_correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    return float(spearmanr(a, b).statistic) if np.ptp(a) > 0 and np.ptp(b) > 0 else float("nan")


def _mean(values: Sequence[float] | NDArray[np.float64]) -> float:
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    return float(finite.mean()) if len(finite) else float("nan")
