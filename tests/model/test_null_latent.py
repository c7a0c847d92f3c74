"""The null latents stand in their shares, and are no density."""

from __future__ import annotations

import pytest
import torch

from molvae.model.null_latent import NullLatent

PRIOR = NullLatent(torch.tensor([[0.0, 1], [2, 3], [4, 5]]), torch.tensor([0.7, 0.0, 0.3]))


def test_each_source_is_drawn_in_its_share() -> None:
    drawn = PRIOR.sample(20_000, torch.Generator().manual_seed(0))
    shares = [(drawn == point).all(dim=1).float().mean() for point in PRIOR.points]
    torch.testing.assert_close(torch.stack(shares), PRIOR.weights, atol=0.02, rtol=0)


def test_a_row_of_noise_gives_the_same_point_in_any_batch() -> None:
    noise = torch.randn(100, 2, generator=torch.Generator().manual_seed(1))
    assert torch.equal(torch.cat([PRIOR.transform(row[None]) for row in noise]), PRIOR.transform(noise))
    extremes = PRIOR.transform(torch.tensor([[-40.0, 0], [40.0, 0]]))
    assert torch.equal(extremes, PRIOR.points[[0, 2]])


def test_points_have_no_density() -> None:
    with pytest.raises(ValueError, match="no density over z"):
        PRIOR.log_prob(torch.zeros(1, 2))


@pytest.mark.parametrize("weights", [torch.ones(2), torch.tensor([1.5, -0.5, 0.0]), torch.ones(3)])
def test_shares_must_be_shares(weights: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="weights"):
        NullLatent(torch.zeros(3, 2), weights)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), 101.0])
def test_symbols_must_be_drawn(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be above 0"):
        NullLatent(torch.zeros(1, 2), torch.ones(1), temperature)
