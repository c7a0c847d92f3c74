"""The encoder: tokens to q(z | x), with a bidirectional GRU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molvae.model.dropout import dropout
from molvae.model.layers import run_first_layer, run_layer
from molvae.model.posterior import DiagonalGaussian
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

    def forward(self, tokens: Tensor, lengths: Tensor, *, generator: torch.Generator | None = None) -> DiagonalGaussian:
        """Return q(z | x) for time-major `tokens` (T, B), of which the first `lengths` (B,) of each column count."""
        states_ahead, states_back = self._last_states(tokens, lengths, generator)
        rows = torch.arange(len(lengths), device=lengths.device)
        summary = torch.cat([states_ahead[lengths - 1, rows], states_back[lengths - 1, rows]], dim=-1)  # (B, 2H)
        mean, log_var = self.to_posterior(summary).float().chunk(2, dim=-1)
        return DiagonalGaussian(mean, log_var.clamp(*LOG_VAR_RANGE))

    def summed_states(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return the sum (B, 2H) of the states of the last layer over each molecule, specials included.

        What the two last states, and so z, may have forgotten of a long molecule is in it, and it grows with size, as
        many properties do.
        """
        states_ahead, states_back = self._last_states(tokens, lengths, None)
        inside = (torch.arange(len(tokens), device=lengths.device).unsqueeze(1) < lengths).unsqueeze(-1)  # (T, B, 1)
        # The backward states stand in reversed order, within each length, so the sum is over the same positions.
        return torch.cat([(states.float() * inside).sum(dim=0) for states in (states_ahead, states_back)], dim=-1)

    def _last_states(self, tokens: Tensor, lengths: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Return the states of the last layer ahead and back, each (T, B, H), the second one reversed."""
        table = self.embedding.weight  # (V, E)
        if self.training:
            table = dropout(table, self.embedding_dropout, generator)
        reverse = reversal(lengths, len(tokens))  # (T, B)
        states_ahead = run_first_layer(self.forward_layers[0], table, tokens)
        states_back = run_first_layer(self.backward_layers[0], table, tokens.gather(0, reverse))
        for ahead, back in zip(self.forward_layers[1:], self.backward_layers[1:], strict=True):
            x = torch.cat([states_ahead, _take(states_back, reverse)], dim=-1)  # (T, B, 2H)
            states_ahead, states_back = run_layer(ahead, x), run_layer(back, _take(x, reverse))
        return states_ahead, states_back


def reversal(lengths: Tensor, steps: int) -> Tensor:
    """Return the positions (T, B) that reverse each column within its length and leave padding where it is."""
    t = torch.arange(steps, device=lengths.device).unsqueeze(1)
    return torch.where(t < lengths, lengths - 1 - t, t)


def _take(x: Tensor, positions: Tensor) -> Tensor:
    return x.gather(0, positions.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
