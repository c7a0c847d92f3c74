"""GRU layers over symbols, each by the fastest way that the device has.

On a CPU with a compiler that is `molvae.model.scan`; on a GPU, and anywhere else, `torch.nn.GRU` itself (cuDNN).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from molvae.model.scan import gru_scan, layer_weights, scan_available
from molvae.tokens.vocabulary import PAD_TOKEN


def run_first_layer(gru: nn.Module, embedding: Tensor, tokens: Tensor) -> Tensor:
    """Return the states (T, B, H) of a one-layer GRU that reads the rows of `embedding` (V, E) named by `tokens`."""
    assert isinstance(gru, nn.GRU)
    if not scan_available(embedding):
        return _states(gru, F.embedding(tokens, embedding, padding_idx=PAD_TOKEN))
    weight_ih, weight_hh, bias_ih, bias_hh = layer_weights(gru, 0)
    table = F.linear(_rows(embedding), weight_ih, bias_ih)
    h0 = weight_hh.new_zeros(tokens.shape[1], gru.hidden_size)
    return gru_scan(table, tokens, None, h0, weight_hh, bias_hh)


def run_layer(gru: nn.Module, x: Tensor) -> Tensor:
    """Return the states (T, B, H) of a one-layer GRU over `x` (T, B, in)."""
    assert isinstance(gru, nn.GRU)
    if not scan_available(x):
        return _states(gru, x)
    h0 = x.new_zeros(x.shape[1], gru.hidden_size)
    return _scan_dense(gru, 0, x, h0)


def run_conditioned(gru: nn.GRU, embedding: Tensor, tokens: Tensor, z: Tensor, h0: Tensor) -> Tensor:
    """Return the last layer's states (T, B, H) of a GRU that reads an embedding row and z (B, D) at every step.

    Args:
        gru: input size E + D.
        embedding: rows of symbols, shape (V, E).
        tokens: shape (T, B).
        z: latent points, shape (B, D).
        h0: first hidden states, shape (layers, B, H).
    """
    if not scan_available(embedding):
        x = F.embedding(tokens, embedding, padding_idx=PAD_TOKEN)
        return _states(gru, torch.cat([x, z.to(x.dtype).expand(len(x), -1, -1)], dim=-1), h0)
    weight_ih, weight_hh, bias_ih, bias_hh = layer_weights(gru, 0)
    from_symbol, from_z = weight_ih[:, : embedding.shape[1]], weight_ih[:, embedding.shape[1] :]
    table = F.linear(_rows(embedding), from_symbol, bias_ih)
    x = gru_scan(table, tokens, F.linear(z, from_z), h0[0], weight_hh, bias_hh)
    for layer in range(1, gru.num_layers):
        x = _scan_dense(gru, layer, x, h0[layer])
    return x


def _scan_dense(gru: nn.GRU, layer: int, x: Tensor, h0: Tensor) -> Tensor:
    weight_ih, weight_hh, bias_ih, bias_hh = layer_weights(gru, layer)
    steps, rows, _ = x.shape
    table = F.linear(x, weight_ih, bias_ih).flatten(0, 1)  # every position is its own row
    return gru_scan(table, torch.arange(steps * rows).view(steps, rows), None, h0, weight_hh, bias_hh)


def _rows(embedding: Tensor) -> Tensor:
    """Return the embedding, with no gradient for the row of padding."""
    return F.embedding(torch.arange(len(embedding)), embedding, padding_idx=PAD_TOKEN)


def _states(gru: nn.GRU, x: Tensor, h0: Tensor | None = None) -> Tensor:
    states: Tensor
    states, _ = gru(x, h0)
    return states
