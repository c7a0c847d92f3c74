"""Search without a surrogate: what arms propose is scored, and good molecules become parents."""

from __future__ import annotations

from collections.abc import Sequence

from molvae.optimize.proposer import Proposer
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal


class Evolution:
    """A genetic algorithm without generations; with arms that need no parents it is random search.

    Parents are drawn with a log-uniform rank among all molecules scored.
    """

    def __init__(self, proposer: Proposer) -> None:
        self._proposer = proposer

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before."""
        rng = self._proposer.begin_round()
        opening = self._proposer.opening(n, rng, uninformed=self._proposer.population.is_flat)
        return self._proposer.chosen(opening or self._proposer.offspring(n, rng))

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules."""
        self._proposer.tell(rows)
