"""The decoder: a latent point to the probabilities of every next token."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molvae.model.dropout import dropout, word_dropout
from molvae.model.layers import run_conditioned
from molvae.tokens.vocabulary import PAD_TOKEN


class GRUDecoder(nn.Module):
    """Writes a molecule token by token; z is in the first hidden state and an input of every step."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        embedding_dim: int,
        hidden_dim: int,
        latent_dim: int,
        layers: int = 1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.vocabulary_size, self.latent_dim = vocabulary_size, latent_dim
        self.hidden_dim, self.layers = hidden_dim, layers
        self.embedding_dropout, self.word_dropout = embedding_dropout, word_dropout
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim, padding_idx=PAD_TOKEN)
        self.gru = nn.GRU(embedding_dim + latent_dim, hidden_dim, num_layers=layers)
        self.to_hidden = nn.Linear(latent_dim, layers * hidden_dim)
        self.to_logits = nn.Linear(hidden_dim, vocabulary_size)

    def forward(self, z: Tensor, tokens: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Return the logits (T, B, V) of the token after each of `tokens` (T, B), given `z` (B, D)."""
        table = self.embedding.weight  # (V, E)
        if self.training:
            table = dropout(table, self.embedding_dropout, generator)
            tokens = word_dropout(tokens, self.word_dropout, generator)
        states = run_conditioned(self.gru, table, tokens, z, self.first_hidden(z))
        logits: Tensor = self.to_logits(states)
        return logits

    def first_hidden(self, z: Tensor) -> Tensor:
        """Return the hidden states (layers, B, H) before the first token, given `z` (B, D)."""
        h = torch.tanh(self.to_hidden(z))  # a GRU state is a mean of tanh values, so it starts as one
        return h.view(len(z), self.layers, self.hidden_dim).transpose(0, 1).contiguous()
