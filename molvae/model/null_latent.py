"""The unconditional mode: points of the latent space that say nothing about the molecule to be written.

During training the decoder wrote a share of the molecules from such a point instead of their own z. From there it is a
language model of the molecules of that source, so a sample is drawn symbol by symbol: x ~ p(x | null). The latent
point of a sample is then that of its posterior q(z | x): an implicit prior, the aggregate posterior over the model's
own samples.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from molvae.model.selection import Selection


class NullLatent:
    """One null latent for each source of training molecules, with the share of samples that each should give."""

    kind: ClassVar[str] = "null-latent"

    def __init__(
        self, points: Tensor, weights: Tensor, temperature: float = 1.0, selection: Selection | None = None
    ) -> None:
        """Take the points (S, D), their shares (S,), which sum to 1, and the temperature of the symbols, above 0.

        The points say nothing, so the symbols must be drawn. At temperature 1 they come as often as the model believes;
        one that was not trained to the end believes too much in what is rare, and writes better a little below.
        `selection` says which of the molecules so written are samples; None takes all.
        """
        if points.ndim != 2 or weights.shape != points.shape[:1] or len(points) < 1:
            shapes = tuple(points.shape), tuple(weights.shape)
            raise ValueError(f"points must be (S, D) and weights (S,), got {shapes[0]} and {shapes[1]}")
        if not (torch.isfinite(points).all() and (weights >= 0).all() and abs(float(weights.sum()) - 1) < 1e-3):
            raise ValueError("points must be finite, and weights shares that sum to 1")
        if not 0 < temperature <= 100:
            raise ValueError(f"temperature must be above 0 and at most 100, got {temperature}")
        self.points, self.weights, self.temperature, self.selection = points, weights, temperature, selection

    def selecting(self, selection: Selection | None) -> NullLatent:
        """Return the same null latents with another selection."""
        return NullLatent(self.points, self.weights, self.temperature, selection)

    @property
    def latent_dim(self) -> int:
        return self.points.shape[1]

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw `n` of the null latents, shape (n, D)."""
        noise = torch.randn(n, 1, generator=generator, device=generator.device)
        return self.transform(noise.to(self.points.device))

    def transform(self, noise: Tensor) -> Tensor:
        """Return the null latent (n, D) that the first number of each row of standard normal `noise` chooses."""
        uniform = torch.special.ndtr(noise[:, 0].contiguous())
        chosen = torch.searchsorted(self.weights.cumsum(0), uniform, right=True)
        return self.points[chosen.clamp(max=len(self.points) - 1)]

    def log_prob(self, z: Tensor) -> Tensor:
        """Refuse: single points have no density.

        Raises:
            ValueError: always.
        """
        raise ValueError("a null latent has no density over z; score molecules with `LatentSpace.elbo` instead")

    def sizes(self) -> dict[str, int]:
        """Return the numbers of points, and of weights and oddities of the selection, 0 for none."""
        weights, odd = (0, 0) if self.selection is None else (len(self.selection.weights), len(self.selection.odd))
        return {"points": len(self.points), "selection": weights, "oddities": odd}

    def tensors(self) -> dict[str, Tensor]:
        """Return the points (S, D), their shares (S,), the temperature (1,), and the selection where there is one."""
        own = {"points": self.points, "weights": self.weights, "temperature": torch.tensor([self.temperature])}
        return own if self.selection is None else own | self.selection.tensors()
