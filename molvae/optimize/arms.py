"""Arms without a latent space: each proposes molecules in its own way, from parents or from nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from molvae.chem.graph_crossover import crossover
from molvae.chem.graph_mutation import mutate
from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import read_quietly
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.errors import MoleculeError
from molvae.optimize.population import Draw
from molvae.optimize.strategy import Proposal
from molvae.tokens.codec import MoleculeCodec
from molvae.tokens.mutation import mutate_symbols

_CROSSED_AND_MUTATED = 0.3  # share of crossovers that are also mutated
_SECOND_CHANGE = 0.3  # share of mutations that are mutated once more


class Arm(Protocol):
    """One way to propose molecules."""

    @property
    def name(self) -> str:
        """What the journal calls it."""

    @property
    def needs_parents(self) -> bool:
        """Whether it makes molecules from others."""

    @property
    def uses_network(self) -> bool:
        """Whether a neural network works for it, which is quick only for many molecules at once."""

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` molecules, repeated and known ones among them; `draw` gives parents."""


class GraphCrossover:
    """Parts of two molecules put together, at times with a mutation."""

    name = "graph-crossover"
    needs_parents = True
    uses_network = False

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` offspring."""
        proposals = []
        for first, second in zip(draw(n), draw(n), strict=True):
            child = crossover(first, second, rng)
            if child is not None and rng.random() < _CROSSED_AND_MUTATED:
                child = mutate(child, rng) or child
            if child is not None:
                proposals.append(Proposal(child, self.name, (first, second)))
        return proposals


class GraphMutation:
    """One or two atoms, bonds or rings changed."""

    name = "graph-mutation"
    needs_parents = True
    uses_network = False

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` mutants."""
        return _mutants(self.name, draw(n), mutate, rng)


class SymbolMutation:
    """One or two SELFIES symbols replaced, inserted or deleted."""

    name = "symbol-mutation"
    needs_parents = True
    uses_network = False

    def __init__(self, codec: MoleculeCodec) -> None:
        self._codec = codec

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` mutants."""
        return _mutants(self.name, draw(n), partial(mutate_symbols, self._codec), rng)


def _mutants(
    name: str,
    parents: Sequence[str],
    change: Callable[[str, np.random.Generator], str | None],
    rng: np.random.Generator,
) -> list[Proposal]:
    """Return the molecules that one change of each parent leads to, at times two; none where a change fails."""
    proposals = []
    for parent in parents:
        child = change(parent, rng)
        if child is not None and rng.random() < _SECOND_CHANGE:
            child = change(child, rng) or child
        if child is not None:
            proposals.append(Proposal(child, name, (parent,)))
    return proposals


class Library:
    """Molecules of a list, in random order and each once; only those that are drawn are read."""

    name = "library"
    needs_parents = False
    uses_network = False

    def __init__(
        self, smiles: Sequence[str], standardization: Standardization = DEFAULT_STANDARDIZATION, *, seed: int
    ) -> None:
        self._smiles = smiles
        self._standardization = standardization
        self._order = np.random.default_rng(seed).permutation(len(smiles))
        self._given = 0

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return the next `n` molecules; none when all were given."""
        rows = self._order[self._given : self._given + n]
        self._given += len(rows)
        drawn = canonical_molecules([self._smiles[row] for row in rows], self._standardization)
        return [Proposal(smiles, self.name) for smiles in drawn]


def canonical_molecules(smiles: Sequence[str], standardization: Standardization = DEFAULT_STANDARDIZATION) -> list[str]:
    """Return the canonical SMILES of the molecules that the gate takes, each once, in order."""
    found: dict[str, None] = {}
    with quiet_rdkit():
        for text in smiles:
            try:
                found.setdefault(read_quietly(text, standardization).smiles)
            except MoleculeError:
                continue
    return list(found)
