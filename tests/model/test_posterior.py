"""q(z | x) agrees with torch's own distributions."""

from __future__ import annotations

import pytest
import torch

from molvae.model.posterior import DiagonalGaussian


@pytest.fixture
def posterior() -> DiagonalGaussian:
    generator = torch.Generator().manual_seed(3)
    return DiagonalGaussian(torch.randn(6, 5, generator=generator), torch.randn(6, 5, generator=generator))


def test_kl_agrees_with_torch_distributions(posterior: DiagonalGaussian) -> None:
    q = torch.distributions.Normal(posterior.mean, (0.5 * posterior.log_var).exp())
    reference = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(posterior.kl_per_dimension(), reference)
    torch.testing.assert_close(posterior.kl_to_standard_normal(), reference.sum(dim=-1))


def test_log_prob_agrees_with_torch_distributions(posterior: DiagonalGaussian) -> None:
    z = torch.randn(3, 6, 5, generator=torch.Generator().manual_seed(4))
    q = torch.distributions.Normal(posterior.mean, (0.5 * posterior.log_var).exp())
    torch.testing.assert_close(posterior.log_prob(z), q.log_prob(z).sum(dim=-1))


def test_samples_have_the_mean_and_variance_of_the_posterior(posterior: DiagonalGaussian) -> None:
    many = DiagonalGaussian(posterior.mean.repeat(20_000, 1), posterior.log_var.repeat(20_000, 1))
    z = many.rsample(torch.Generator().manual_seed(5)).view(20_000, 6, 5)
    torch.testing.assert_close(z.mean(dim=0), posterior.mean, atol=0.06, rtol=0)
    torch.testing.assert_close(z.var(dim=0).log(), posterior.log_var, atol=0.06, rtol=0)


def test_sampling_is_a_function_of_the_generator_and_differentiable(posterior: DiagonalGaussian) -> None:
    posterior.mean.requires_grad_()
    first, second = (posterior.rsample(torch.Generator().manual_seed(6)) for _ in range(2))
    assert torch.equal(first, second)
    first.sum().backward()
    assert posterior.mean.grad is not None
    assert torch.equal(posterior.mean.grad, torch.ones(6, 5))
