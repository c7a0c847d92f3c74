"""Orthogonalized momentum (Muon) for the weight matrices of the GRUs; everything else is left to AdamW.

The momentum of a weight matrix is dominated by a few directions. Muon (Jordan et al., 2024,
kellerjordan.github.io/posts/muon) replaces it by the nearest matrix with orthonormal rows or columns, so that all
directions learn at one rate. `torch.optim.Muon` takes a parameter as one matrix; the weights of a GRU are three, one
for each gate, and each is orthogonalized by itself here.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from molvae.model.parallel import map_threads

_GATES = 3
_QUINTIC = (3.4445, -4.7750, 2.0315)  # drives singular values from (0, 1] to about 1 in five iterations
_ITERATIONS = 5


def is_gru_matrix(name: str) -> bool:
    """Tell whether a parameter of this name is a weight matrix of a `torch.nn.GRU`, all gates together.

    >>> is_gru_matrix("decoder.gru.weight_hh_l0"), is_gru_matrix("decoder.gru.bias_hh_l0")
    (True, False)
    """
    return name.rpartition(".")[2].startswith(("weight_hh_l", "weight_ih_l"))


class Muon:
    """The momentum of the GRU matrices among `parameters`, and the step that it leads to."""

    def __init__(self, parameters: Mapping[str, torch.nn.Parameter], *, momentum: float = 0.95) -> None:
        self.matrices = {name: weight for name, weight in parameters.items() if is_gru_matrix(name)}
        self.momenta = {name: torch.zeros_like(weight) for name, weight in self.matrices.items()}
        self._momentum = momentum

    @torch.no_grad()
    def step(self, rate: float, *, dtype: torch.dtype, threads: int = 1) -> None:
        """Change each matrix by its orthogonalized Nesterov momentum; every singular value changes by about `rate`.

        Args:
            rate: learning rate, a length in the units of the weights; around ten times that of AdamW.
            dtype: precision of the matrix products.
            threads: matrices are shared out over so many threads (CPU only).
        """
        blocks = []
        for name, weight in self.matrices.items():
            assert weight.grad is not None
            momentum = self.momenta[name].lerp_(weight.grad, 1 - self._momentum)
            update = weight.grad.lerp(momentum, self._momentum)
            blocks += list(zip(weight.data.chunk(_GATES), update.chunk(_GATES), strict=True))

        def change(pair: tuple[Tensor, Tensor]) -> None:
            block, update = pair
            rows, columns = block.shape
            with torch.no_grad():
                block.sub_(orthogonalized(update, dtype), alpha=rate * max(1.0, rows / columns) ** 0.5)

        map_threads(change, blocks, threads=threads)


def orthogonalized(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """Return U·S'·Vᵀ of a matrix U·S·Vᵀ, with S' between about 0.7 and 1.2, by a Newton-Schulz iteration."""
    a, b, c = _QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(dtype).contiguous()
    x = x / (x.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).float()
