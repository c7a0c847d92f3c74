"""The arm of a decoder that learns during the search: it writes molecules like the good ones, as a language model does.

Unlike a step in latent space or a mutation it starts from no single molecule, so it also leads to what combines many.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from molvae.errors import MoleculeError
from molvae.latent.space import LatentSpace
from molvae.latent.tuning import tuned_to
from molvae.model.generation import Sampling
from molvae.model.null_latent import NullLatent
from molvae.optimize.population import Draw
from molvae.optimize.strategy import Proposal
from molvae.tokens.codec import MoleculeCodec

_READ = 512  # parents that it is tuned to, the good ones several times
_WRITTEN = 1_000  # molecules until it is tuned again
_AT_ONCE = 125  # molecules written at a time
_TURNS = 4  # of writing as many as are asked for


class TunedSamples:
    """Molecules of a decoder that is fine-tuned to parents, each time from the weights of the model as it was given."""

    name = "fine-tuned"
    needs_parents = True
    uses_network = True

    def __init__(self, space: LatentSpace, prior: NullLatent) -> None:
        """Take the model, and the prior from whose largest part molecules are written."""
        self._pipeline = space.pipeline
        self._point = prior.points[int(prior.weights.argmax())]
        self._sampling = Sampling(prior.temperature)
        self._tuned = space.pipeline
        self._written = 0
        self._stock: list[str] = []

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` molecules, none where the model can read none of the parents."""
        for _ in range(_TURNS * -(-n // _AT_ONCE)):
            if len(self._stock) >= n:
                break
            if self._written % _WRITTEN == 0 and not self._tune(draw(_READ), int(rng.integers(2**48))):
                return []
            self._stock += self._write(int(rng.integers(2**48)))
        drawn, self._stock = self._stock[:n], self._stock[n:]
        return [Proposal(text, self.name) for text in drawn]

    def _tune(self, parents: list[str], seed: int) -> bool:
        """Learn from parents, and tell whether there were any to learn from."""
        read = {text: _tokens(self._pipeline.codec, text) for text in dict.fromkeys(parents)}
        molecules = [tokens for tokens in map(read.__getitem__, parents) if tokens is not None]
        if not molecules:
            return False
        network = tuned_to(self._pipeline.network, molecules, self._point, seed=seed)
        self._tuned = dataclasses.replace(self._pipeline, network=network)
        return True

    def _write(self, seed: int) -> list[str]:
        self._written += _AT_ONCE
        points = self._point.expand(_AT_ONCE, -1).numpy()
        decoded = self._tuned.decode([points], many=False, sampling=self._sampling, seed=seed)
        return [smiles for smiles in decoded if isinstance(smiles, str)]


def tuned_arms(space: LatentSpace) -> list[TunedSamples]:
    """Return the arm, or none where the model does not write molecules without z."""
    prior = space.prior(space.whole_prior)
    return [TunedSamples(space, prior)] if isinstance(prior, NullLatent) else []


def _tokens(codec: MoleculeCodec, smiles: str) -> tuple[int, ...] | None:
    try:
        return codec.encode(smiles).tokens
    except MoleculeError:
        return None
