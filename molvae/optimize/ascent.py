"""Uphill in latent space along the gradient of a function, within where the model has molecules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


def ascend(
    function: Callable[[Tensor], Tensor],
    starts: Floats,
    *,
    hold: Callable[[Floats, Floats], Floats],
    steps: int,
    rate: float,
    every: int,
) -> Floats:
    """Return the points that Adam passes on its way up, every few steps: (passed, n, D).

    Args:
        function: of points (n, D), a number for each (n,), which torch can follow back.
        starts: points (n, D) to begin at.
        hold: brings points back to where there are molecules, given the points and the starts.
        steps: of Adam.
        rate: length of its steps along each axis.
        every: steps between two points that are returned.
    """
    points = torch.tensor(starts, requires_grad=True)
    optimizer = torch.optim.Adam([points], lr=rate)
    passed = []
    for step in range(1, steps + 1):
        (gradient,) = torch.autograd.grad(function(points).sum(), [points])
        points.grad = -torch.nan_to_num(gradient)
        optimizer.step()
        with torch.no_grad():
            points.copy_(torch.from_numpy(hold(points.numpy(), starts)))
        if step % every == 0:
            passed.append(points.detach().numpy().copy())
    return np.stack(passed)
