"""One GRU layer over a whole batch of sequences, from input gates that are already computed."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def gru_scan(gates: Tensor, h0: Tensor, weight_hh: Tensor, bias_hh: Tensor) -> Tensor:
    """Return the hidden states (T, B, H) of a GRU layer.

    Args:
        gates: W_ih x + b_ih of every step, reset, update and candidate, shape (T, B, 3H).
        h0: first hidden state, shape (B, H).
        weight_hh: recurrent weights as `torch.nn.GRU` stores them, shape (3H, H).
        bias_hh: recurrent biases, shape (3H,).
    """
    h, states = h0, []
    for step in gates.unbind(0):
        recurrent = torch.addmm(bias_hh, h, weight_hh.t())
        reset_i, update_i, new_i = step.chunk(3, dim=-1)
        reset_h, update_h, new_h = recurrent.chunk(3, dim=-1)
        reset = torch.sigmoid(reset_i + reset_h)
        update = torch.sigmoid(update_i + update_h)
        new = torch.tanh(new_i + reset * new_h)
        h = new + update * (h - new)
        states.append(h)
    return torch.stack(states)


def layer_weights(gru: nn.GRU, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return weight_ih (3H, in), weight_hh (3H, H), bias_ih (3H,), bias_hh (3H,) of one layer."""
    names = (f"weight_ih_l{layer}", f"weight_hh_l{layer}", f"bias_ih_l{layer}", f"bias_hh_l{layer}")
    w_ih, w_hh, b_ih, b_hh = (getattr(gru, name) for name in names)
    return w_ih, w_hh, b_ih, b_hh
