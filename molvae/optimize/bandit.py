"""Which arm proposes how much: shares that follow success."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

_FLOOR = 0.3  # of all proposals are shared out equally: an arm that fails today may be needed tomorrow
_MEMORY = 0.9  # what a success of one round ago still counts
_SELECTED, _RISEN = 1.0, 4.0  # credit of a candidate that was chosen, and of one that then scored among the best


class Shares:
    """Shares of several arms, by credit for each proposal."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._proposed = dict.fromkeys(names, 1.0)
        self._credit = dict.fromkeys(names, 1.0)  # all begin alike

    def proposed(self, names: Iterable[str]) -> None:
        """Take note of what was proposed, one name for each molecule; older notes fade."""
        counts = Counter(names)
        for name in self._names:
            self._proposed[name] = _MEMORY * self._proposed[name] + counts[name]
            self._credit[name] *= _MEMORY

    def selected(self, names: Iterable[str]) -> None:
        """Credit arms whose molecules were chosen to be scored."""
        self._reward(names, _SELECTED)

    def risen(self, names: Iterable[str]) -> None:
        """Credit arms whose molecules came to be among the best."""
        self._reward(names, _RISEN)

    def split(self, n: int, rng: np.random.Generator, among: Sequence[str]) -> dict[str, int]:
        """Return how many of `n` proposals each of these arms is to make."""
        rates = np.array([(self._credit[name] + 0.1) / (self._proposed[name] + 1.0) for name in among])
        shares = _FLOOR / len(rates) + (1 - _FLOOR) * rates / rates.sum()
        return dict(zip(among, map(int, rng.multinomial(n, shares / shares.sum())), strict=True))

    def _reward(self, names: Iterable[str], credit: float) -> None:
        for name in names:
            if name in self._credit:
                self._credit[name] += credit
