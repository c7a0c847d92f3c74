"""Muon: orthogonal updates of the GRU matrices and of nothing else."""

from __future__ import annotations

import pytest
import torch

from molvae.model.config import VAEConfig
from molvae.model.vae import build_vae
from molvae.training.optimizer import Muon, orthogonalized

GENERATOR = torch.Generator().manual_seed(0)


@pytest.mark.parametrize("shape", [(16, 16), (24, 8), (8, 24)])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_update_has_the_directions_of_the_polar_factor(shape: tuple[int, int], scale: float) -> None:
    matrix = scale * torch.randn(shape, generator=GENERATOR)
    found = orthogonalized(matrix, torch.float32)
    assert found.shape == shape
    values = torch.linalg.svdvals(found)
    assert 0.5 < float(values.min()) <= float(values.max()) < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    cosine = (found * (left @ right)).sum() / (found.norm() * (left @ right).norm())
    assert float(cosine) > 0.97


def test_it_moves_each_gate_by_its_rate_and_leaves_the_rest(vae_config: VAEConfig) -> None:
    parameters = dict(build_vae(vae_config, vocabulary_size=9).named_parameters())
    muon = Muon(parameters)
    assert {name.rpartition(".")[2] for name in muon.matrices} == {"weight_hh_l0", "weight_ih_l0"}
    before = {name: weight.detach().clone() for name, weight in parameters.items()}
    for weight in parameters.values():
        weight.grad = torch.randn(weight.shape, generator=GENERATOR)
    muon.step(0.1, dtype=torch.float32)
    for name, weight in parameters.items():
        change = weight.detach() - before[name]
        if name not in muon.matrices:
            assert not change.any()
            continue
        for block in change.chunk(3):
            expected = 0.1 * max(1.0, block.shape[0] / block.shape[1]) ** 0.5
            values = torch.linalg.svdvals(block) / expected
            assert float(values.median()) == pytest.approx(1.0, abs=0.3)


def test_threads_change_nothing(vae_config: VAEConfig) -> None:
    results = []
    for threads in (1, 3):
        parameters = dict(build_vae(vae_config, vocabulary_size=9).named_parameters())
        generator = torch.Generator().manual_seed(1)
        muon = Muon(parameters)
        for _ in range(3):
            for weight in parameters.values():
                weight.grad = torch.randn(weight.shape, generator=generator)
            muon.step(0.1, dtype=torch.float32, threads=threads)
        results.append(muon.matrices)
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])


def test_a_gradient_of_zero_changes_nothing(vae_config: VAEConfig) -> None:
    parameters = dict(build_vae(vae_config, vocabulary_size=9).named_parameters())
    before = {name: weight.detach().clone() for name, weight in parameters.items()}
    for weight in parameters.values():
        weight.grad = torch.zeros_like(weight)
    Muon(parameters).step(0.1, dtype=torch.bfloat16)
    assert all(torch.equal(weight, before[name]) for name, weight in parameters.items())
