"""Which of the molecules that a null latent writes are kept, so that those that are come as often as in real data.

Two laws of the training set are known, and the decoder obeys neither of them always. Every training molecule is written
in one way, the SELFIES of its canonical SMILES; a string that is not the one of its own molecule was never a training
string, and most of these are slips that the derivation rules of SELFIES turned into some other molecule. To leave them
out is to condition on what is certain, which can only bring the samples closer to the data. What remains still differs
in how often each group of atoms comes. A logistic regression that tells real molecules from written ones estimates the
ratio of their densities, and each molecule is kept with a probability that is proportional to it, up to 1: a residual
energy model (Deng et al., arXiv:2004.11714) by rejection (Azadi et al., arXiv:1810.06758, eq. 3). What groups of atoms
do not show, such as two small rings that share a bond, is brought to its share in real molecules one by one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

RADIUS = 2  # of the environments: an atom, its neighbours, and theirs
MOST = 4  # times that an environment counts
WIDTH = 4_096  # numbers that environments are hashed to


class Selection:
    """What a logistic regression has learned of real against written molecules, on counts of atom environments."""

    def __init__(self, weights: Tensor, offset: float, odd: Tensor | None = None) -> None:
        """Take the weight of each hashed environment (F,) and the log-odds of a molecule without any, below a ceiling.

        The offset already holds the ceiling: where the sum is 0 or more, a molecule is kept for certain. `odd` (K,) is
        the share that is kept of what is left and shows an oddity, in the order of `Oddity`; None keeps all.
        """
        odd = torch.ones(0) if odd is None else odd
        if weights.ndim != 1 or len(weights) < 1 or not torch.isfinite(weights).all() or not math.isfinite(offset):
            raise ValueError(f"weights must be finite numbers (F,) and offset finite, got {tuple(weights.shape)}")
        if odd.ndim != 1 or not ((odd >= 0) & (odd <= 1)).all():
            raise ValueError(f"the shares of odd molecules must be (K,) from 0 to 1, got {tuple(odd.shape)}")
        self.weights, self.offset, self.odd = weights.float(), offset, odd.float()
        self.judges = bool(self.weights.any())  # whether it looks at the environments at all
        self.minds_oddities = bool((self.odd < 1).any())
        self._weights: list[float] = self.weights.tolist()  # a list is read ten times faster than a tensor
        self._odd: list[float] = self.odd.tolist()

    @classmethod
    def of_canonical(cls) -> Selection:
        """Return the selection that leaves out only what is not the string of its own molecule."""
        return cls(torch.zeros(1), 0.0)

    @property
    def width(self) -> int:
        """How many numbers environments must be hashed to for `share`."""
        return len(self._weights)

    def share(self, environments: Mapping[int, int]) -> float:
        """Return the share of such molecules that is kept, from 0 to 1, from how often each environment occurs.

        >>> Selection(torch.tensor([0.0, -1.0]), 0.5).share({1: 2})
        0.22313016014842982
        """
        log_odds = sum(self._weights[name] * min(count, MOST) for name, count in environments.items())
        return math.exp(min(0.0, log_odds + self.offset))

    def share_of_odd(self, places: Iterable[int]) -> float:
        """Return the share of what `share` keeps that stays, for molecules with the oddities of these places.

        >>> Selection(torch.zeros(1), 0.0, torch.tensor([0.5, 0.25])).share_of_odd([0, 1, 9])
        0.125
        """
        return math.prod(self._odd[place] for place in places if place < len(self._odd))

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights (F,), the offset (1,) and the shares of odd molecules (K,), if there are any."""
        own = {"selection": self.weights, "selection_offset": torch.tensor([self.offset])}
        return own | {"selection_odd": self.odd} if len(self.odd) else own
