"""The interface of every strategy: ask for molecules, tell what became of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from molvae.optimize.scored import Scored

Screen = Callable[[Sequence[str]], Sequence[str]]  # why each molecule would not be called, '' where it would


class Proposal(NamedTuple):
    """A molecule to be scored, and where it comes from."""

    smiles: str  # canonical
    arm: str
    parents: tuple[str, ...] = ()


class Strategy(Protocol):
    """What proposes molecules and learns from their scores.

    The same seed and the same answers lead to the same proposals, so that a search that was killed can be repeated
    from its beginning. Whoever has the scores may ask and tell by hand; `Laboratory` does so on files, over days.

    >>> from molvae.optimize import build_strategy
    >>> strategy = build_strategy("graph-ga", space=None, start=["CCO", "CCN"], seed=0)
    >>> asked = strategy.ask(2)
    >>> strategy.tell([Scored(each.smiles, "scored", score=float(len(each.smiles)), feasible=True) for each in asked])
    >>> len(strategy.ask(5))
    5
    """

    def ask(self, n: int) -> list[Proposal]:
        """Return up to `n` molecules that were not proposed before; fewer, or none, where no more are found."""

    def tell(self, rows: Sequence[Scored]) -> None:
        """Take what became of molecules, proposed or not; those without a score are not proposed again."""


def admit_all(smiles: Sequence[str]) -> list[str]:
    """Return no objection to any molecule: the screen of a strategy without an objective."""
    return [""] * len(smiles)
