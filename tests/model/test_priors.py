"""Each prior samples what its density says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from molvae.errors import CheckpointError
from molvae.model import FullGaussian, LatentPrior, StandardNormal
from molvae.model.null_latent import NullLatent
from molvae.model.priors import build_prior, prior_shapes


@pytest.fixture
def encoded() -> tuple[Tensor, Tensor]:
    """Means and log-variances (n, D) of correlated posteriors."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(4_000, 3, generator=generator) @ torch.tensor([[2.0, 0, 0], [1, 0.5, 0], [0, 0.3, 1]]) + 1
    return mean, torch.randn(4_000, 3, generator=generator) - 2


def test_the_gaussian_has_the_moments_of_the_aggregate_posterior(encoded: tuple[Tensor, Tensor]) -> None:
    mean, log_var = encoded
    prior = FullGaussian.fit(mean, log_var)
    generator = torch.Generator().manual_seed(1)
    drawn = (mean + (0.5 * log_var).exp() * torch.randn(mean.shape, generator=generator)).T
    torch.testing.assert_close(prior.scale @ prior.scale.T, drawn.cov(), atol=0.08, rtol=0.05)
    samples = prior.sample(50_000, torch.Generator().manual_seed(2))
    torch.testing.assert_close(samples.mean(dim=0), prior.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(samples.T.cov(), prior.scale @ prior.scale.T, atol=0.1, rtol=0.03)


def test_log_densities_agree_with_torch_distributions(encoded: tuple[Tensor, Tensor]) -> None:
    z = torch.randn(7, 3, generator=torch.Generator().manual_seed(3))
    prior = FullGaussian.fit(*encoded)
    reference = torch.distributions.MultivariateNormal(prior.mean, scale_tril=prior.scale)
    torch.testing.assert_close(prior.log_prob(z), reference.log_prob(z))
    normal = torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(StandardNormal(3).log_prob(z), normal.log_prob(z).sum(dim=-1))


def test_a_row_of_noise_gives_the_same_point_in_any_batch(encoded: tuple[Tensor, Tensor]) -> None:
    prior = FullGaussian.fit(*encoded)
    noise = torch.randn(600, 3, generator=torch.Generator().manual_seed(4))
    whole = prior.transform(noise)
    assert torch.equal(torch.cat([prior.transform(row.unsqueeze(0)) for row in noise]), whole)


def test_fewer_molecules_than_dimensions_still_give_a_density() -> None:
    prior = FullGaussian.fit(torch.randn(2, 16), torch.zeros(2, 16))
    assert prior.log_prob(torch.zeros(1, 16)).isfinite().all()


@pytest.mark.parametrize("kind", ["normal", "full-gaussian", "null-latent"])
def test_a_prior_is_rebuilt_from_its_tensors(kind: str, encoded: tuple[Tensor, Tensor]) -> None:
    priors: list[LatentPrior] = [
        StandardNormal(3),
        FullGaussian.fit(*encoded),
        NullLatent(torch.randn(4, 3), torch.full((4,), 0.25), 0.75),
    ]
    prior = next(each for each in priors if each.kind == kind)
    shapes = prior_shapes(kind, 3, prior.sizes())
    assert {name: tuple(tensor.shape) for name, tensor in prior.tensors().items()} == shapes
    again = build_prior(kind, 3, prior.tensors())
    assert again.temperature == prior.temperature
    noise = torch.randn(5, 3)
    assert torch.equal(again.transform(noise), prior.transform(noise))


def test_unknown_and_impossible_priors_are_refused() -> None:
    with pytest.raises(CheckpointError, match="prior kind must be one of normal, full-gaussian, null-latent, got 'pi"):
        prior_shapes("pickle", 3, {})
    with pytest.raises(CheckpointError, match=r"has the sizes \['points', 'selection', 'oddities'\], got \[\]"):
        prior_shapes("null-latent", 3, {})
    for size in (0, 10**9, True, "4"):
        with pytest.raises(CheckpointError, match="points of a prior must be a whole number from 1 to 4096"):
            prior_shapes("null-latent", 3, {"points": size, "selection": 0, "oddities": 0})
    for size in (-1, 10**9, True, "4"):
        with pytest.raises(CheckpointError, match="selection of a prior must be a whole number from 0 to 4096"):
            prior_shapes("null-latent", 3, {"points": 1, "selection": size, "oddities": 0})
    with pytest.raises(CheckpointError, match="shares that sum to 1"):
        build_prior(
            "null-latent", 2, {"points": torch.zeros(2, 2), "weights": torch.ones(2), "temperature": torch.ones(1)}
        )
    with pytest.raises(CheckpointError, match="diagonal of scale positive"):
        build_prior("full-gaussian", 2, {"mean": torch.zeros(2), "scale": -torch.eye(2)})
    with pytest.raises(ValueError, match="n >= 2"):
        FullGaussian.fit(torch.zeros(1, 3), torch.zeros(1, 3))
