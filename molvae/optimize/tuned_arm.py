"""Arms of a decoder that learns during the search: it writes molecules like the good ones, as a language model does.

One writes whole molecules. Unlike a step in latent space or a mutation it starts from no single molecule, so it also
leads to what combines many. The other keeps the beginning of a good molecule and writes the rest anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molvae.errors import MoleculeError
from molvae.latent.space import LatentSpace
from molvae.latent.tuning import tuned_to
from molvae.model.generation import Sampling
from molvae.model.null_latent import NullLatent
from molvae.optimize.arms import Arm
from molvae.optimize.population import Draw
from molvae.optimize.strategy import Proposal
from molvae.tokens.bulk import decode_many
from molvae.tokens.codec import MoleculeCodec

_READ = 512  # parents that it is tuned to, the good ones several times
_WRITTEN = 1_000  # molecules until it is tuned again
_AT_ONCE = 125  # molecules written at a time
_TURNS = 4  # of writing as many as are asked for


class TunedDecoder:
    """A decoder that is fine-tuned to parents, each time from the weights of the model as it was given."""

    def __init__(self, space: LatentSpace, prior: NullLatent) -> None:
        """Take the model, and the prior from whose largest part molecules are written."""
        self.codec = space.pipeline.codec
        self._given = self._tuned = space.pipeline.network
        self._point = prior.points[int(prior.weights.argmax())]
        self._sampling = Sampling(prior.temperature)
        self._left = 0  # molecules to write before it is tuned again

    def learn(self, draw: Draw, rng: np.random.Generator) -> bool:
        """Learn from parents if it is time to, and tell whether there was anything to learn from."""
        if self._left > 0:
            return True
        parents, seed = draw(_READ), int(rng.integers(2**48))
        read = {text: tokens_of(self.codec, text) for text in dict.fromkeys(parents)}
        molecules = [tokens for tokens in map(read.__getitem__, parents) if tokens]
        if not molecules:
            return False
        self._tuned = tuned_to(self._given, molecules, self._point, seed=seed)
        self._left = _WRITTEN
        return True

    def write(
        self, n: int, rng: np.random.Generator, prefixes: Sequence[Sequence[int]] | None = None
    ) -> list[str | None]:
        """Return `n` molecules, None for what is none; they begin with these tokens (n, ·) where they are given."""
        self._left -= n
        points = self._point.expand(n, -1).numpy()
        sequences = self._tuned.sequences(points, self._sampling, seed=int(rng.integers(2**48)), prefixes=prefixes)
        return [smiles if isinstance(smiles, str) else None for smiles in decode_many(self.codec, sequences)]


class TunedSamples:
    """Molecules that such a decoder writes."""

    name = "fine-tuned"
    needs_parents = True
    uses_network = True

    def __init__(self, decoder: TunedDecoder) -> None:
        self._decoder = decoder
        self._stock: list[str] = []

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` molecules, none where the model can read none of the parents."""
        for _ in range(_TURNS * -(-n // _AT_ONCE)):
            if len(self._stock) >= n:
                break
            if not self._decoder.learn(draw, rng):
                return []
            self._stock += [smiles for smiles in self._decoder.write(_AT_ONCE, rng) if smiles is not None]
        drawn, self._stock = self._stock[:n], self._stock[n:]
        return [Proposal(text, self.name) for text in drawn]


class Regrowth:
    """Molecules of which the first symbols stay and such a decoder writes the rest."""

    name = "regrowth"
    needs_parents = True
    uses_network = True

    def __init__(self, decoder: TunedDecoder) -> None:
        self._decoder = decoder

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` molecules, none where the model can read none of the parents."""
        if not self._decoder.learn(draw, rng):
            return []
        read = [(text, tokens_of(self._decoder.codec, text)) for text in draw(n)]
        begun = [(text, tokens[: rng.integers(1, len(tokens))]) for text, tokens in read if tokens and len(tokens) > 1]
        if not begun:
            return []
        written = self._decoder.write(len(begun), rng, [tokens for _, tokens in begun])
        return [
            Proposal(text, self.name, (parent,))
            for text, (parent, _) in zip(written, begun, strict=True)
            if text is not None and text != parent
        ]


def tuned_arms(space: LatentSpace, *, regrows: bool = False) -> list[Arm]:
    """Return the arms, the second if the search `regrows`; none where the model does not write molecules without z."""
    prior = space.prior(space.whole_prior)
    if not isinstance(prior, NullLatent):
        return []
    decoder = TunedDecoder(space, prior)
    return [TunedSamples(decoder), Regrowth(decoder)] if regrows else [TunedSamples(decoder)]


def tokens_of(codec: MoleculeCodec, smiles: str) -> tuple[int, ...] | None:
    """Return the tokens of a molecule, None where the model cannot read it."""
    try:
        return codec.encode(smiles).tokens
    except MoleculeError:
        return None
