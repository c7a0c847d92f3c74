"""One decoding step at a time, for many molecules, in inference only.

The input gates of each symbol are a table, those of z are computed once per molecule, and molecules that have ended
can be dropped. The weights are those of `GRUDecoder`; a test holds `logits` to its forward pass.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from molvae.model.decoder import GRUDecoder
from molvae.model.native import native_cell
from molvae.model.precision import Precision, resolve_precision
from molvae.model.scan import layer_weights


def padded_rows(rows: int) -> int:
    """Return the number of rows that a product of `rows` rows is padded to: 8, or a multiple of 16 or 64.

    Below 5 rows the product takes another kernel, with another order of sums, and a molecule's result would depend on
    its batch. And each new number of rows makes oneDNN compile a kernel and keep it, at a millisecond each.

    >>> [padded_rows(rows) for rows in (1, 9, 65, 1000)]
    [8, 16, 128, 1024]
    """
    if rows <= 8:
        return 8
    step = 16 if rows <= 64 else 64
    return -(-rows // step) * step


class DecoderWeights:
    """The decoder's weights as one decoding step wants them, in one precision: a copy, taken once."""

    @torch.inference_mode()
    def __init__(self, decoder: GRUDecoder, dtype: torch.dtype) -> None:
        self.decoder, self.dtype = decoder, dtype
        layers = [layer_weights(decoder.gru, layer) for layer in range(decoder.layers)]
        embedding = decoder.embedding.weight.float()
        weight_ih, split = layers[0][0].float(), embedding.shape[1]
        self.table = F.linear(embedding, weight_ih[:, :split], layers[0][2].float()).contiguous()  # (V, 3H)
        self.from_z = weight_ih[:, split:].contiguous()  # (3H, D)
        self.inputs = [(w_ih.to(dtype).t(), b_ih.float()) for w_ih, _, b_ih, _ in layers[1:]]
        self.recurrent = [(w_hh.to(dtype).t(), b_hh.float().contiguous()) for _, w_hh, _, b_hh in layers]
        self.to_logits = decoder.to_logits.weight.to(dtype).t()
        self.logit_bias = decoder.to_logits.bias.float()

    @classmethod
    def of(cls, decoder: GRUDecoder | DecoderWeights, precision: Precision) -> DecoderWeights:
        """Return prepared weights as they are, or those of a decoder in the precision asked for."""
        if isinstance(decoder, DecoderWeights):
            return decoder
        return cls(decoder, resolve_precision(precision, decoder.to_logits.weight.device))

    @property
    def device(self) -> torch.device:
        return self.table.device


class DecoderState:
    """The hidden states of n molecules under way."""

    def __init__(self, weights: DecoderWeights, z: Tensor) -> None:
        """Start from latent points `z` (n, D)."""
        self.weights = weights
        self.rows = len(z)
        padded = F.pad(z.float(), (0, 0, 0, padded_rows(len(z)) - len(z)))
        self.offset = F.linear(padded, weights.from_z)  # (n, 3H)
        self.hidden = weights.decoder.first_hidden(padded).float().contiguous()  # (layers, n, H)

    def logits(self, tokens: Tensor) -> Tensor:
        """Read one more token per molecule, shape (n,), and return the logits (n, V) of the next, in fp32."""
        tokens = F.pad(tokens, (0, len(self.offset) - self.rows))
        top = self._step(0, self.weights.table, tokens, self.offset)
        for layer, (weight, bias) in enumerate(self.weights.inputs, start=1):
            gates = torch.mm(top, weight).float() + bias
            top = self._step(layer, gates, torch.arange(len(gates), device=gates.device), None)
        logits = torch.mm(top, self.weights.to_logits).float() + self.weights.logit_bias
        return logits[: self.rows]

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only (indices, shape (m,)); a row may be named more than once."""
        self.rows = len(rows)
        rows = F.pad(rows, (0, padded_rows(len(rows)) - len(rows)))
        self.offset = self.offset[rows]
        self.hidden = self.hidden[:, rows].contiguous()

    def _step(self, layer: int, table: Tensor, index: Tensor, offset: Tensor | None) -> Tensor:
        weight, bias = self.weights.recurrent[layer]
        h = self.hidden[layer]
        product = torch.mm(h.to(self.weights.dtype), weight)
        native = native_cell() if h.device.type == "cpu" else None
        if native is None:
            gates = table[index] if offset is None else table[index] + offset
            self.hidden[layer] = cell(gates, product.float() + bias, h)
            return self.hidden[layer].to(self.weights.dtype)
        state = torch.empty(h.shape, dtype=self.weights.dtype)
        run = native["gru_forward_bf16" if self.weights.dtype == torch.bfloat16 else "gru_forward_float"]
        run(
            len(h),
            h.shape[1],
            table.data_ptr(),
            index.data_ptr(),
            None if offset is None else offset.data_ptr(),
            bias.data_ptr(),
            product.data_ptr(),
            h.data_ptr(),
            state.data_ptr(),
            None,
        )
        return state


def cell(gates: Tensor, recurrent: Tensor, h: Tensor) -> Tensor:
    """Return the next state (n, H) from input gates (n, 3H), recurrent gates (n, 3H) and state, as `nn.GRU` does."""
    reset_i, update_i, new_i = gates.chunk(3, dim=-1)
    reset_h, update_h, new_h = recurrent.chunk(3, dim=-1)
    update = torch.sigmoid(update_i + update_h)
    new = torch.tanh(new_i + torch.sigmoid(reset_i + reset_h) * new_h)
    return new + update * (h - new)
