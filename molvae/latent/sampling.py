"""New molecules from the latent prior: the same for a seed, however many are drawn at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Container, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from molvae.model.noise import keyed_normal
from molvae.model.priors import LatentPrior

_AT_ONCE = 32_768  # points held in memory, and molecules between two reports of progress
_BLOCK = 256  # rows transformed at a time: a prior may take D numbers for each number it draws

DecodeFrom = Callable[[NDArray[np.float32], int], Sequence[str | None]]  # points, number of the first one


def fresh_seed() -> int:
    """Return a seed from the operating system; no global random state is read or changed."""
    return secrets.randbits(48)


def symbol_seed(seed: int) -> int:
    """Return the seed of the symbols that belongs to a seed of points.

    With one seed, the noise of dimension j and that of symbol j would be the same number.
    """
    return (seed + 0x9E3779B97F4A7C15) % 2**64


def draw(prior: LatentPrior, n: int, *, seed: int, first_row: int = 0) -> NDArray[np.float32]:
    """Return rows `first_row` to `first_row + n` of the endless stream of prior points of a seed, shape (n, D)."""
    points = np.empty((n, prior.latent_dim), dtype=np.float32)
    for start in range(0, n, _BLOCK):
        rows = np.arange(first_row + start, first_row + min(start + _BLOCK, n))
        with torch.inference_mode():
            noise = keyed_normal(seed, rows, range(prior.latent_dim))
            points[start : start + _BLOCK] = prior.transform(noise).numpy()
    return points


def sample_molecules(
    prior: LatentPrior,
    decode: DecodeFrom,
    n: int,
    *,
    seed: int,
    unique: bool,
    known: Container[str],
) -> Iterator[str]:
    """Yield the first `n` molecules of the seed's stream that are not empty, not known and, if `unique`, not repeated.

    Raises:
        ValueError: 50·n + 10,000 draws did not give `n` such molecules.
    """
    seen: set[str] = set()
    found = drawn = 0
    while found < n:
        if drawn >= 50 * n + 10_000:
            raise ValueError(
                f"{drawn:,} draws gave {found:,} of {n:,} molecules: "
                "ask for fewer, raise the temperature, take what is written (select=False), "
                "or allow repeated and known molecules"
            )
        expected = n if drawn == 0 else max(64, (n - found) * drawn // max(1, found))
        wanted = min(expected, _AT_ONCE)
        for smiles in decode(draw(prior, wanted, seed=seed, first_row=drawn), drawn):
            if smiles is None or smiles in known or smiles in seen or found == n:
                continue
            if unique:
                seen.add(smiles)
            found += 1
            yield smiles
        drawn += wanted
