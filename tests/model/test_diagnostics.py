"""The signs of collapse are seen where a model has collapsed, and nowhere else."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from molvae.model import MoleculeVAE, latent_use, shuffle_gap
from molvae.model.posterior import DiagonalGaussian
from molvae.model.scan import layer_weights


def test_active_units_and_kl_of_a_half_collapsed_posterior() -> None:
    mean = torch.cat([torch.randn(500, 2, generator=torch.Generator().manual_seed(0)), torch.zeros(500, 3)], dim=1)
    log_var = torch.tensor([-4.0, -4.0, 0.0, 0.0, 0.0]).expand(500, 5)
    use = latent_use(DiagonalGaussian(mean, log_var))
    assert use.active_units == 2
    assert use.kl_per_dimension[2:] == (0.0, 0.0, 0.0)
    assert use.kl == pytest.approx(sum(use.kl_per_dimension))
    assert use.kl == pytest.approx(float(DiagonalGaussian(mean, log_var).kl_to_standard_normal().mean()), rel=1e-5)


def test_one_molecule_has_no_active_units() -> None:
    assert latent_use(DiagonalGaussian(torch.randn(1, 3), torch.zeros(1, 3))).active_units == 0


def test_a_decoder_that_ignores_z_has_no_gap(vae: MoleculeVAE, tokens: Tensor, z: Tensor) -> None:
    z = z[: tokens.shape[1]]
    assert abs(shuffle_gap(vae, tokens, z)) > 1e-3
    decoder = vae.decoder
    with torch.no_grad():
        decoder.to_hidden.weight.zero_()
        layer_weights(decoder.gru, 0)[0][:, decoder.embedding.embedding_dim :] = 0
    assert shuffle_gap(vae, tokens, z) == pytest.approx(0, abs=1e-6)
