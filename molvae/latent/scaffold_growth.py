"""Molecules that the model writes around a scaffold: forced to begin with it, free to go on.

The scaffold is spelled in several ways, each ending where the molecule may grow; the model's own likelihood chooses
among them, since it has learned canonical SMILES only and goes on best after what looks like one. Then it grows at the
next place, until every attachment point has grown, or, where there are none, at one to three places.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from molvae.chem.growth import Scaffold, spellings
from molvae.errors import MoleculeError
from molvae.latent.network import Network
from molvae.latent.sampling import draw, symbol_seed
from molvae.model.generation import Sampling
from molvae.model.loss import token_nll
from molvae.model.null_latent import NullLatent
from molvae.tokens.codec import MoleculeCodec
from molvae.tokens.vocabulary import EOS_TOKEN, PAD_TOKEN

_FIRST_SPELLINGS, _LATER_SPELLINGS = 64, 4
_PLACES = (1, 1, 1, 2, 2, 3)  # at how many of them a scaffold without attachment points grows
_MOST_PLACES = 8


class ScaffoldWriter:
    """Writes molecules that hold a scaffold, from the null latents of a model."""

    def __init__(
        self,
        codec: MoleculeCodec,
        network: Network,
        prior: NullLatent,
        scaffold: Scaffold,
        sampling: Sampling,
        seed: int,
    ) -> None:
        if scaffold.points > _MOST_PLACES:
            raise ValueError(f"a scaffold has at most {_MOST_PLACES} attachment points, got {scaffold.points}")
        self._codec, self._network, self._prior = codec, network, prior
        self._scaffold, self._sampling, self._seed = scaffold, sampling, seed
        self._judge = prior.points[int(prior.weights.argmax())]  # whose likelihood chooses among spellings
        rng = np.random.default_rng((seed, 0))
        self._starts = self._spelled([scaffold.smiles], [_FIRST_SPELLINGS], rng)[0]
        if not self._starts[0]:
            raise ValueError(
                f"the scaffold {scaffold.smiles} has no atom with a hydrogen at which this model can let it grow"
            )

    def __call__(self, count: int, first: int) -> list[str | None]:
        """Return molecules number `first` to `first` + `count`; None for one that came to nothing."""
        rng = np.random.default_rng((self._seed, 1, first))
        z = draw(self._prior, count, seed=self._seed, first_row=first)
        places = rng.choice(_PLACES, count) if self._scaffold.points == 0 else np.full(count, self._scaffold.points)
        prefixes: list[Sequence[int]] = [_drawn(*self._starts, rng) for _ in range(count)]
        numbers = np.arange(first, first + count)
        result = self._written(z, prefixes, numbers, place=0)
        for place in range(1, int(places.max(initial=1))):
            rows = [row for row in range(count) if place < places[row] and result[row] is not None]
            spelled = self._spelled([result[row] or "" for row in rows], [_LATER_SPELLINGS] * len(rows), rng)
            growing = [(row, _drawn(*each, rng)) for row, each in zip(rows, spelled, strict=True) if each[0]]
            if not growing:
                break
            chosen, begun = [row for row, _ in growing], [prefix for _, prefix in growing]
            grown = self._written(z[chosen], begun, numbers[chosen], place=place)
            for row, smiles in zip(chosen, grown, strict=True):
                result[row] = smiles
        return result

    def _written(
        self, z: NDArray[np.float32], prefixes: Sequence[Sequence[int]], numbers: NDArray[np.int64], *, place: int
    ) -> list[str | None]:
        """Return what the model writes after prefixes (n); each draws by its number."""
        seed = symbol_seed(self._seed + 7_919 * place)
        rows = self._network.sequences(z, self._sampling, seed=seed, rows=numbers, prefixes=prefixes)
        return [self._decoded(tokens) for tokens in rows]

    def _decoded(self, tokens: Sequence[int]) -> str | None:
        try:
            return self._codec.decode(tokens)
        except MoleculeError:  # no atoms
            return None

    def _spelled(
        self, molecules: Sequence[str], counts: Sequence[int], rng: np.random.Generator
    ) -> list[tuple[list[tuple[int, ...]], NDArray[np.float64]]]:
        """Return prefixes of each molecule that end where it may grow, and the model's preference for each."""
        prefixes: list[list[tuple[int, ...]]] = []
        for smiles, count in zip(molecules, counts, strict=True):
            atoms = self._scaffold.open_atoms(smiles)
            texts = spellings(smiles, atoms, count, rng) if atoms else []
            written = [self._codec.encode_as_written(text) for text in texts]
            prefixes.append([tokens[:-1] for tokens in written if tokens is not None and len(tokens) > 1])
        scores = iter(self._scores([tokens for each in prefixes for tokens in each]))
        return [(each, np.array([next(scores) for _ in each])) for each in prefixes]

    def _scores(self, prefixes: Sequence[Sequence[int]]) -> list[float]:
        """Return the log-probability of each prefix in nats, whatever follows."""

        def score(tokens: Tensor, lengths: Tensor, first_row: int) -> Tensor:
            logits = self._network.vae.decoder(self._judge.expand(tokens.shape[1], -1), tokens[:-1])
            targets = tokens[1:]
            return -token_nll(logits, targets.masked_fill(targets == EOS_TOKEN, PAD_TOKEN))[:, None]

        found: list[float] = self._network.map_batches(score, prefixes, (1,))[:, 0].tolist() if prefixes else []
        return found


def _drawn(prefixes: list[tuple[int, ...]], scores: NDArray[np.float64], rng: np.random.Generator) -> tuple[int, ...]:
    """Draw a prefix by its probability under the model."""
    chances = np.exp(scores - scores.max())
    return prefixes[int(rng.choice(len(prefixes), p=chances / chances.sum()))]
