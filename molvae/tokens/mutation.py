"""Random changes of SELFIES strings: every one of them is again a molecule (STONED, doi:10.1039/D1SC00231G)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from molvae.errors import MoleculeError
from molvae.tokens.codec import MoleculeCodec
from molvae.tokens.vocabulary import EOS_TOKEN


def mutate_symbols(codec: MoleculeCodec, smiles: str, rng: np.random.Generator) -> str | None:
    """Return the molecule after one SELFIES symbol was replaced, inserted or deleted, None where nothing changed.

    The new symbol is drawn from the molecule itself as often as from the vocabulary of `codec`, most of which is rare.

    >>> from molvae.tokens.vocabulary import Vocabulary
    >>> codec = MoleculeCodec(Vocabulary.from_symbols(["[C]", "[O]", "[N]"]))
    >>> mutate_symbols(codec, "CCO", np.random.default_rng(1))
    'CCCO'
    """
    try:
        tokens = list(_tokens(codec, smiles))
    except MoleculeError:  # the model lacks a symbol of it
        return None
    change, place = rng.integers(3), int(rng.integers(len(tokens)))
    vocabulary = range(EOS_TOKEN + 1, len(codec.vocabulary))
    symbols = tokens if rng.random() < 0.5 else vocabulary
    new = symbols[int(rng.integers(len(symbols)))]
    tokens[place : place + (change != 1)] = [] if change == 2 else [new]
    try:
        mutated = codec.decode(tokens)
    except MoleculeError:  # nothing is left
        return None
    return None if mutated == smiles else mutated


@lru_cache(maxsize=4_096)  # good molecules become parents again and again
def _tokens(codec: MoleculeCodec, smiles: str) -> tuple[int, ...]:
    return codec.encode(smiles).tokens
