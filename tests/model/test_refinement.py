"""Points moved until the decoder writes their molecules: never worse, exact where it says so, row by row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from molvae.model import GREEDY, DecoderWeights, DiagonalGaussian, MoleculeVAE, generate
from molvae.model.refinement import refine
from molvae.tokens.vocabulary import EOS_TOKEN


@pytest.fixture
def written(vae: MoleculeVAE, z: Tensor) -> list[list[int]]:
    """What each of the points `z` decodes to."""
    weights = DecoderWeights(vae.requires_grad_(False).decoder, torch.float32)
    return generate(weights, z, sampling=GREEDY, max_symbols=12).sequences()


def padded(molecules: list[list[int]]) -> Tensor:
    columns = [torch.tensor([1, *tokens, EOS_TOKEN]) for tokens in molecules]
    return torch.nn.utils.rnn.pad_sequence(columns)


def decoded(vae: MoleculeVAE, z: Tensor) -> list[list[int]]:
    return generate(DecoderWeights(vae.decoder, torch.float32), z, sampling=GREEDY, max_symbols=12).sequences()


def test_a_point_beside_its_molecule_finds_it_again(vae: MoleculeVAE, z: Tensor, written: list[list[int]]) -> None:
    short = [row for row, tokens in enumerate(written) if len(tokens) < 12]
    molecules, noise = [written[row] for row in short], torch.Generator().manual_seed(7)
    posterior = DiagonalGaussian(
        z[short] + 0.5 * torch.randn(len(short), 4, generator=noise), torch.zeros(len(short), 4)
    )
    refined = refine(vae.decoder, padded(molecules), posterior, dtype=torch.float32)
    before = [a == b for a, b in zip(decoded(vae, posterior.mean), molecules, strict=True)]
    after = [a == b for a, b in zip(decoded(vae, refined), molecules, strict=True)]
    assert sum(after) > sum(before)
    assert all(now or not then for then, now in zip(before, after, strict=True))
    moved = (refined != posterior.mean).any(dim=1).tolist()
    assert all(exact for exact, gone in zip(after, moved, strict=True) if gone)  # what moved, moved to its molecule


def test_a_molecule_that_no_point_writes_keeps_its_mean(vae: MoleculeVAE, tokens: Tensor) -> None:
    vae.requires_grad_(False)
    generator = torch.Generator().manual_seed(3)
    posterior = DiagonalGaussian(torch.randn(5, 4, generator=generator), torch.full((5, 4), -8.0))  # hardly any room
    refined = refine(vae.decoder, tokens, posterior, dtype=torch.float32, steps=3)
    torch.testing.assert_close(refined, posterior.mean, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_row_depends_on_the_others(
    vae: MoleculeVAE, z: Tensor, written: list[list[int]], dtype: torch.dtype
) -> None:
    noise = 0.5 * torch.randn(z.shape, generator=torch.Generator().manual_seed(7))
    posterior = DiagonalGaussian(z + noise, torch.zeros_like(z))
    together = refine(vae.decoder, padded(written), posterior, dtype=dtype)
    order = np.random.default_rng(1).permutation(len(z))[:11]
    some = DiagonalGaussian(posterior.mean[order], posterior.log_var[order])
    apart = refine(vae.decoder, padded([written[row] for row in order]), some, dtype=dtype)
    torch.testing.assert_close(apart, together[order], rtol=1e-4, atol=1e-4)
