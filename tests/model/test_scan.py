"""The compiled scan and torch.nn.GRU are the same function, forward and backward."""

from __future__ import annotations

import shutil

import pytest
import torch
from torch import Tensor

from molvae.model import MoleculeVAE, layers
from molvae.model.native import native_cell

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on this machine")


def loss_and_gradients(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, list[Tensor]]:
    loss = vae(tokens, lengths, generator=torch.Generator().manual_seed(0)).loss(0.5)
    return loss.detach(), list(torch.autograd.grad(loss, list(vae.parameters())))


@needs_compiler
def test_loss_and_every_gradient_agree_with_torch(
    vae: MoleculeVAE, tokens: Tensor, lengths: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert native_cell() is not None
    loss, gradients = loss_and_gradients(vae, tokens, lengths)
    monkeypatch.setattr(layers, "scan_available", lambda _: False)
    reference_loss, reference = loss_and_gradients(vae, tokens, lengths)
    torch.testing.assert_close(loss, reference_loss)
    torch.testing.assert_close(gradients, reference, rtol=1e-4, atol=1e-5)


@needs_compiler
def test_bf16_stays_within_its_rounding_of_torch(
    vae: MoleculeVAE, tokens: Tensor, lengths: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        loss, gradients = loss_and_gradients(vae, tokens, lengths)
    monkeypatch.setattr(layers, "scan_available", lambda _: False)
    reference_loss, reference = loss_and_gradients(vae, tokens, lengths)
    assert loss == pytest.approx(float(reference_loss), rel=0.01)
    ours, theirs = (torch.cat([gradient.flatten() for gradient in some]) for some in (gradients, reference))
    assert torch.cosine_similarity(ours, theirs, dim=0) > 0.998


@needs_compiler
def test_saturated_gates_and_nan_behave_as_in_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    gru = torch.nn.GRU(2, 16)
    table = torch.tensor([[0.0, 0.0], [1e4, -1e4], [-1e4, 1e4], [3.0, 0.5]])
    tokens = torch.tensor([[3, 1], [2, 3], [1, 2]])
    ours = layers.run_first_layer(gru, table, tokens)
    poisoned = layers.run_first_layer(gru, table.clone().index_fill_(0, torch.tensor([1]), torch.nan), tokens)
    monkeypatch.setattr(layers, "scan_available", lambda _: False)
    torch.testing.assert_close(ours, layers.run_first_layer(gru, table, tokens), atol=1e-6, rtol=1e-5)
    assert poisoned[1:, 1].isnan().all(), "a NaN that vanishes would look like training"
    assert poisoned[:2, 0].isfinite().all()


@needs_compiler
def test_padding_has_no_gradient_in_the_embedding(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    vae(tokens, lengths, generator=torch.Generator().manual_seed(0)).loss(0.5).backward()
    for part in (vae.encoder, vae.decoder):
        gradient = part.embedding.weight.grad
        assert gradient is not None
        assert not gradient[0].any()
        assert gradient[3:].any()
