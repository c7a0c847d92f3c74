"""New molecules from several arms: none twice, none that an objective would not call."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Sequence

import numpy as np

from molvae.optimize.arms import Arm
from molvae.optimize.bandit import Shares
from molvae.optimize.population import Draw, Population
from molvae.optimize.scored import Scored
from molvae.optimize.strategy import Proposal, Screen
from molvae.settings import require

_TURNS = 8  # of drawing for one request
_BEST = 50  # a molecule among so many best has risen


class Proposer:
    """The arms, their shares, and what is known so far."""

    def __init__(
        self, arms: Sequence[Arm], *, screen: Screen, start: Sequence[str] = (), initial: int = 100,
        population: Population | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        """Take the arms and how the search begins.

        Args:
            arms: at least one; names must differ.
            screen: see `Objective.screen`.
            start: molecules to begin with, canonical, in this order.
            initial: molecules with a score before arms that need parents are asked.
            population: where molecules go that were told, and parents come from; empty.
            seed: of all random draws.

        Raises:
            ConfigError: no arms, or nothing to begin with.
        """
        require(len(arms) > 0, "arms", "at least one", 0)
        self._explorers = [arm for arm in arms if not arm.needs_parents]
        require(bool(self._explorers or start), "start", "at least one molecule where no arm works without", start)
        self.population = Population() if population is None else population
        self._arms = {arm.name: arm for arm in arms}
        self._quick = [arm.name for arm in arms if arm.needs_parents and not arm.uses_network]
        self._shares = Shares(list(self._arms))
        self._screen = screen
        self._start = deque(dict.fromkeys(start))
        self.initial = initial
        self._seed = seed
        self._round = 0

    @property
    def breeds_quickly(self) -> bool:
        """Whether an arm makes molecules from others without a network."""
        return bool(self._quick)

    def begin_round(self) -> np.random.Generator:
        """Return the random generator of the next round, which the seed and its number decide."""
        self._round += 1
        return np.random.default_rng([self._seed, self._round])

    def opening(self, n: int, rng: np.random.Generator, *, uninformed: bool = False) -> list[Proposal]:
        """Return up to `n` molecules to begin with; none once there are enough, and something to learn from.

        Where all scores are equal, so that the search is `uninformed`, parents mean no more than other molecules.
        """
        proposals: list[Proposal] = []
        while self._start and len(proposals) < n:
            given = [Proposal(self._start.popleft(), "start") for _ in range(min(n, len(self._start)))]
            proposals += self.admitted(given, {proposal.smiles for proposal in proposals})
        early = len(self.population) < self.initial or uninformed
        if len(proposals) < n and early:
            proposals += self.explored(n - len(proposals), rng, proposals)
        return proposals[:n]

    @property
    def explores(self) -> bool:
        """Whether an arm works without parents."""
        return bool(self._explorers)

    def explored(self, n: int, rng: np.random.Generator, before: Sequence[Proposal] = ()) -> list[Proposal]:
        """Return up to `n` molecules, none of those `before`, of the arms that need no parents."""
        if not self._explorers:
            return []
        split = {arm.name: -(-n // len(self._explorers)) for arm in self._explorers}
        return self._drawn(split, n, self.draw_from(rng), rng, before)

    def candidates(
        self, n: int, draw: Draw, rng: np.random.Generator, *, besides: Container[str] = (), quick: bool = False
    ) -> list[Proposal]:
        """Return about `n` new molecules of the arms by their shares, fewer where many draws are refused or known.

        With `quick` only arms that breed without a network are asked, if there are any.
        """
        among = self._quick if quick and self._quick else list(self._arms)
        return self._propose(self._shares.split(n, rng, among), draw, rng, besides)

    def offspring(self, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Return `n` new molecules of the arms, fewer where no more are found."""
        return self._drawn(None, n, self.draw_from(rng), rng, [])

    def draw_from(self, rng: np.random.Generator) -> Draw:
        """Return a function that draws parents from the population."""
        return lambda count: self.population.draw(count, rng)

    def admitted(self, proposals: Sequence[Proposal], besides: Container[str] = ()) -> list[Proposal]:
        """Return those that are new and that the screen admits, each once."""
        known = self.population.known
        distinct = {
            proposal.smiles: proposal
            for proposal in reversed(proposals)
            if proposal.smiles not in known and proposal.smiles not in besides
        }
        new = list(reversed(distinct.values()))
        reasons = self._screen([proposal.smiles for proposal in new])
        known.update(proposal.smiles for proposal, reason in zip(new, reasons, strict=True) if reason)
        return [proposal for proposal, reason in zip(new, reasons, strict=True) if not reason]

    def chosen(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Take note that these are to be scored, and return them."""
        self.population.known.update(proposal.smiles for proposal in proposals)
        self._shares.selected(proposal.arm for proposal in proposals)
        return list(proposals)

    def tell(self, rows: Sequence[Scored]) -> list[Scored]:
        """Take what became of molecules, and return the new ones with a score."""
        new = self.population.add(rows)
        threshold = self.population.score_of_rank(_BEST - 1)
        self._shares.risen(row.arm for row in new if row.score > threshold)
        return new

    def _drawn(
        self, split: dict[str, int] | None, n: int, draw: Draw, rng: np.random.Generator, before: Sequence[Proposal]
    ) -> list[Proposal]:
        found: dict[str, Proposal] = {}
        taken = {proposal.smiles for proposal in before}
        for _ in range(_TURNS):
            if len(found) >= n:
                break
            shares = self._shares.split(n, rng, list(self._arms)) if split is None else split
            for proposal in self._propose(shares, draw, rng, taken):
                found.setdefault(proposal.smiles, proposal)
            taken |= found.keys()
        return list(found.values())[:n]

    def _propose(
        self, split: dict[str, int], draw: Draw, rng: np.random.Generator, besides: Container[str]
    ) -> list[Proposal]:
        drawn = [
            proposal for name, count in split.items() if count
            for proposal in self._arms[name].propose(count, draw, rng)
        ]  # fmt: skip
        self._shares.proposed(proposal.arm for proposal in drawn)
        return self.admitted(drawn, besides)
