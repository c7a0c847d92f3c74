"""The encoder reads each molecule alone, whole and in both directions."""

from __future__ import annotations

import torch
from torch import Tensor

from molvae.model import MoleculeVAE
from molvae.model.encoder import reversal


def test_a_molecule_is_encoded_the_same_alone_and_in_any_batch(
    vae: MoleculeVAE, tokens: Tensor, lengths: Tensor
) -> None:
    whole = vae.encode(tokens, lengths)
    order = torch.tensor([3, 1, 4, 0, 2])
    shuffled = vae.encode(tokens[:, order], lengths[order])
    torch.testing.assert_close(shuffled.mean, whole.mean[order])
    for row, length in enumerate(lengths.tolist()):
        alone = vae.encode(tokens[:length, row : row + 1], lengths[row : row + 1])
        torch.testing.assert_close(alone.mean[0], whole.mean[row])
        torch.testing.assert_close(alone.log_var[0], whole.log_var[row])


def test_every_symbol_counts(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    before = vae.encode(tokens, lengths).mean
    for position in range(1, 8):
        changed = tokens.clone()
        changed[position, 0] = 3 + (changed[position, 0] - 2) % 9
        after = vae.encode(changed, lengths).mean
        assert not torch.allclose(after[0], before[0], atol=1e-5)
        torch.testing.assert_close(after[1:], before[1:])


def test_reversal_turns_each_column_around_within_its_length() -> None:
    tokens = torch.tensor([[1, 1], [5, 6], [7, 2], [2, 0]])
    turned = tokens.gather(0, reversal(torch.tensor([4, 3]), 4))
    assert turned.T.tolist() == [[2, 7, 5, 1], [2, 6, 1, 0]]


def test_the_log_variance_stays_in_its_range(vae: MoleculeVAE, tokens: Tensor, lengths: Tensor) -> None:
    with torch.no_grad():
        vae.encoder.to_posterior.bias.fill_(1e6)
    posterior = vae.encode(tokens, lengths)
    assert posterior.log_var.max() == 10
    assert posterior.kl_to_standard_normal().isfinite().all()


def test_summed_states_add_over_symbols_and_padding_adds_nothing(
    vae: MoleculeVAE, tokens: Tensor, lengths: Tensor
) -> None:
    whole = vae.encoder.summed_states(tokens, lengths)
    longer = torch.cat([tokens, tokens.new_zeros(3, tokens.shape[1])])
    torch.testing.assert_close(vae.encoder.summed_states(longer, lengths), whole)
    if len(vae.encoder.forward_layers) == 1:  # then one direction is a plain GRU, whose states torch gives
        read = vae.encoder.embedding(tokens[: int(lengths[1]), 1:2])
        states, _ = vae.encoder.forward_layers[0](read)
        torch.testing.assert_close(whole[1, : states.shape[-1]], states.sum(dim=0)[0])
