"""The encoder: tokens to q(z | x), with a bidirectional GRU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from molvae.model.dropout import dropout
from molvae.model.posterior import DiagonalGaussian
from molvae.model.scan import gru_scan, layer_weights
from molvae.tokens.vocabulary import PAD_TOKEN

# exp(log σ²) is infinite from about 88.7 in single precision, and a σ below exp(-5) is a point for any decoder.
LOG_VAR_RANGE = (-10.0, 10.0)


class GRUEncoder(nn.Module):
    """Reads a molecule in both directions; the two last states give the posterior.

    The two directions are separate `torch.nn.GRU` modules, and the backward one reads each molecule reversed within
    its own length. So padding stays at the end for both, nothing is packed, and padding changes nothing.
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        embedding_dim: int,
        hidden_dim: int,
        latent_dim: int,
        layers: int = 1,
        embedding_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding_dropout = embedding_dropout
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim, padding_idx=PAD_TOKEN)
        sizes = [embedding_dim] + [2 * hidden_dim] * (layers - 1)
        self.forward_layers = nn.ModuleList(nn.GRU(size, hidden_dim) for size in sizes)
        self.backward_layers = nn.ModuleList(nn.GRU(size, hidden_dim) for size in sizes)
        self.to_posterior = nn.Linear(2 * hidden_dim, 2 * latent_dim)

    def forward(
        self, tokens: Tensor, lengths: Tensor, *, generator: torch.Generator | None = None
    ) -> DiagonalGaussian:
        """Return q(z | x) for time-major `tokens` (T, B), of which the first `lengths` (B,) of each column count."""
        x = self.embedding(tokens)  # (T, B, E)
        if self.training:
            x = dropout(x, self.embedding_dropout, generator)
        reverse = reversal(lengths, len(tokens))
        for ahead, back in zip(self.forward_layers, self.backward_layers, strict=True):
            states_ahead = _run(ahead, x)
            states_back = _run(back, _take(x, reverse))
            last = lengths - 1
            if ahead is not self.forward_layers[-1]:
                x = torch.cat([states_ahead, _take(states_back, reverse)], dim=-1)
        rows = torch.arange(len(lengths), device=lengths.device)
        summary = torch.cat([states_ahead[last, rows], states_back[last, rows]], dim=-1)  # (B, 2H)
        mean, log_var = self.to_posterior(summary).float().chunk(2, dim=-1)
        return DiagonalGaussian(mean, log_var.clamp(*LOG_VAR_RANGE))


def reversal(lengths: Tensor, steps: int) -> Tensor:
    """Return the positions (T, B) that reverse each column within its length and leave padding where it is."""
    t = torch.arange(steps, device=lengths.device).unsqueeze(1)
    return torch.where(t < lengths, lengths - 1 - t, t)


def _take(x: Tensor, positions: Tensor) -> Tensor:
    return x.gather(0, positions.unsqueeze(-1).expand(-1, -1, x.shape[-1]))


def _run(gru: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(gru, nn.GRU)
    if x.is_cuda:
        states, _ = gru(x)  # cuDNN
        return states
    weight_ih, weight_hh, bias_ih, bias_hh = layer_weights(gru, 0)
    h0 = x.new_zeros(x.shape[1], gru.hidden_size)
    return gru_scan(F.linear(x, weight_ih, bias_ih), h0, weight_hh, bias_hh)
