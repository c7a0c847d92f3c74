from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from molvae.latent.sampling import draw, fresh_seed, sample_molecules, symbol_seed
from molvae.model.noise import keyed_normal
from molvae.model.priors import FullGaussian, LatentPrior, StandardNormal

PRIORS: list[LatentPrior] = [
    StandardNormal(5),
    FullGaussian(torch.arange(5.0), torch.eye(5) + torch.tril(torch.ones(5, 5), -1)),
]


def numbers(z: NDArray[np.float32], first_row: int) -> Sequence[str | None]:
    """Stand in for a decoder: each molecule is the number of its row; every fifth is empty, every third repeats."""
    rows = range(first_row, first_row + len(z))
    return [None if row % 5 == 0 else "same" if row % 3 == 0 else str(row) for row in rows]


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.kind)
def test_a_draw_is_a_window_of_one_stream(prior: LatentPrior) -> None:
    stream = draw(prior, 700, seed=3)
    np.testing.assert_array_equal(draw(prior, 100, seed=3, first_row=450), stream[450:550])
    assert draw(prior, 0, seed=3).shape == (0, 5)
    assert not np.array_equal(draw(prior, 700, seed=4), stream)


def test_points_and_symbols_of_a_seed_share_no_noise() -> None:
    rows = np.arange(100)
    points, symbols = (keyed_normal(seed, rows, range(20)).flatten() for seed in (5, symbol_seed(5)))
    assert abs(float(torch.corrcoef(torch.stack([points, symbols]))[0, 1])) < 0.1
    assert 0 <= symbol_seed(2**64 - 1) < 2**64


def test_empty_decodes_are_drawn_again() -> None:
    found = list(sample_molecules(PRIORS[0], numbers, 50, seed=0, unique=False, known=()))
    assert len(found) == 50
    expected = [smiles for smiles in numbers(np.empty((200, 5), np.float32), 0) if smiles is not None]
    assert found == expected[:50]


def test_unique_molecules_keep_the_order_of_the_stream() -> None:
    found = list(sample_molecules(PRIORS[0], numbers, 50, seed=0, unique=True, known={"7", "8"}))
    assert len(set(found)) == 50
    assert found[:5] == ["1", "2", "same", "4", "11"]


def test_what_cannot_be_found_ends() -> None:
    with pytest.raises(ValueError, match="gave 1 of 2 molecules"):
        list(sample_molecules(PRIORS[0], lambda z, row: ["C"] * len(z), 2, seed=0, unique=True, known=()))


def test_fresh_seeds_differ() -> None:
    assert len({fresh_seed() for _ in range(20)}) == 20
