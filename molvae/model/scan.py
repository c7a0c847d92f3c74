"""A GRU layer over whole sequences: matrix products in torch, everything between them in one compiled pass.

A step of `torch.nn.GRU` on a CPU runs a dozen elementwise kernels; with bf16 products these cost as much as the
products. Here the input gates are rows of a table (one per symbol, so their product is computed once per batch and not
per position), and a step is one product and one call of `gru_cell.c`. The weights are those of the `torch.nn.GRU`
modules, and a test holds both to the same result.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from molvae.model.native import native_cell


def scan_available(x: Tensor) -> bool:
    """Tell whether `gru_scan` can run on the device of `x`."""
    return x.device.type == "cpu" and native_cell() is not None


def gru_scan(
    table: Tensor, index: Tensor, offset: Tensor | None, h0: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> Tensor:
    """Return the hidden states (T, B, H) of one GRU layer, in bf16 under CPU autocast, else in single precision.

    Args:
        table: input gates W_ih x + b_ih (reset, update, candidate) of N distinct inputs, shape (N, 3H).
        index: which input each position has, shape (T, B), int64.
        offset: what is added to the input gates of each sequence at every step, shape (B, 3H).
        h0: first hidden states, shape (B, H).
        weight_hh: recurrent weights, shape (3H, H).
        bias_hh: recurrent biases, shape (3H,).
    """
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
    states: Tensor = _GRUScan.apply(  # type: ignore[no-untyped-call]
        table.float().contiguous(),
        index.contiguous(),
        None if offset is None else offset.float().contiguous(),
        h0.float(),
        weight_hh,
        bias_hh.float(),
        dtype,
    )
    return states


def layer_weights(gru: nn.GRU, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return weight_ih (3H, in), weight_hh (3H, H), bias_ih (3H,), bias_hh (3H,) of one layer."""
    names = (f"weight_ih_l{layer}", f"weight_hh_l{layer}", f"bias_ih_l{layer}", f"bias_hh_l{layer}")
    w_ih, w_hh, b_ih, b_hh = (getattr(gru, name) for name in names)
    return w_ih, w_hh, b_ih, b_hh


class _GRUScan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        table: Tensor,
        index: Tensor,
        offset: Tensor | None,
        h0: Tensor,
        weight_hh: Tensor,
        bias_hh: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        cell = _cell("gru_forward", dtype)
        (steps, rows), hidden = index.shape, h0.shape[1]
        transposed = weight_hh.detach().to(dtype).t()
        states = torch.empty(steps + 1, rows, hidden, dtype=dtype)
        states[0] = h0
        needs_grad = any(ctx.needs_input_grad)
        saved = torch.empty(steps, 4, rows, hidden, dtype=dtype) if needs_grad else None
        h = h0.detach().clone(memory_format=torch.contiguous_format)
        product = torch.empty(rows, 3 * hidden, dtype=dtype)
        fixed = (_pointer(offset), bias_hh.data_ptr(), product.data_ptr(), h.data_ptr())
        for step in range(steps):
            torch.mm(states[step], transposed, out=product)
            keep = None if saved is None else saved[step].data_ptr()
            cell(rows, hidden, table.data_ptr(), index[step].data_ptr(), *fixed, states[step + 1].data_ptr(), keep)
        if saved is not None:
            ctx.save_for_backward(index, states, saved, weight_hh)
            ctx.sizes = (len(table), offset is not None)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        index, states, saved, weight_hh = ctx.saved_tensors
        (steps, rows), hidden, dtype = index.shape, states.shape[2], states.dtype
        table_rows, has_offset = ctx.sizes
        cell = _cell("gru_backward", dtype)
        weight = weight_hh.detach().to(dtype)
        grad = grad.to(dtype).contiguous()
        d_table = torch.zeros(table_rows, 3 * hidden)
        d_offset = torch.zeros(rows, 3 * hidden) if has_offset else None
        d_bias = torch.zeros(3 * hidden)
        d_product = torch.empty(steps, rows, 3 * hidden, dtype=dtype)
        dh = torch.zeros(rows, hidden)
        recurrent = torch.empty(rows, hidden, dtype=dtype)
        sums = (d_table.data_ptr(), _pointer(d_offset), d_bias.data_ptr())
        for step in reversed(range(steps)):
            cell(
                rows,
                hidden,
                index[step].data_ptr(),
                grad[step].data_ptr(),
                recurrent.data_ptr() if step < steps - 1 else None,
                saved[step].data_ptr(),
                states[step].data_ptr(),
                dh.data_ptr(),
                d_product[step].data_ptr(),
                *sums,
            )
            torch.mm(d_product[step], weight, out=recurrent)
        d_weight = None
        if ctx.needs_input_grad[4]:  # not where only points move
            d_weight = (d_product.flatten(0, 1).t() @ states[:-1].flatten(0, 1)).to(weight_hh.dtype)
        return d_table, None, d_offset, dh + recurrent, d_weight, d_bias, None


def _cell(name: str, dtype: torch.dtype) -> Any:
    cell = native_cell()
    assert cell is not None  # callers ask `scan_available` first
    return cell[f"{name}_{'bf16' if dtype == torch.bfloat16 else 'float'}"]


def _pointer(x: Tensor | None) -> int | None:
    return None if x is None else x.data_ptr()
