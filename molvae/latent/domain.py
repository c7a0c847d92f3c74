"""The domain of a model: what it measures on molecules, and how it is learned from those it was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.errors import DataError, MoleculeError
from molvae.latent.network import Network
from molvae.model.checkpoint import Checkpoint
from molvae.model.domain import Domain
from molvae.model.loss import elbo_terms
from molvae.tokens.codec import EncodedMolecule
from molvae.tokens.derivation import atom_of
from molvae.tokens.vocabulary import Vocabulary

SYMBOLS_KEY = "symbol_counts"  # in the metadata of a checkpoint
MOLECULES = 10_000  # that a domain is learned from; 5 % of the held-out ones are then 5 % to within half a percent
_HELD_OUT = 0.2  # share of them that sets the scale
_POINTS = 4_096  # that are kept with the model: 1 MB of 128 dimensions
_RARE = 1 / 1_000  # of the molecules that a domain is learned from


class Measured(NamedTuple):
    """Molecules as a domain sees them."""

    mean: NDArray[np.float32]  # (n, D)
    log_var: NDArray[np.float32]  # (n, D)
    nats_per_symbol: NDArray[np.float32]  # (n,), -ELBO / (symbols + 1) at the posterior mean


def measure(network: Network, molecules: Sequence[Sequence[int]]) -> Measured:
    """Return the posteriors of molecules given as tokens, and how well the model writes each of them.

    The bound is taken at the posterior mean, so that the score of a molecule depends on nothing but the molecule.
    """

    def run(tokens: Tensor, lengths: Tensor, first_row: int) -> Tensor:
        posterior = network.vae.encode(tokens, lengths)
        terms = elbo_terms(network.vae.decoder(posterior.mean, tokens[:-1]), tokens[1:], posterior)
        nats = (terms.reconstruction + terms.kl) / (lengths - 1)  # the end is a symbol too, the begin is not
        return torch.cat([posterior.mean, posterior.log_var, nats[:, None]], dim=1)

    width = network.vae.latent_dim
    found = network.map_batches(run, molecules, (2 * width + 1,))
    return Measured(found[:, :width], found[:, width:-1], found[:, -1])


def familiarity(
    domain: Domain, network: Network, molecules: Sequence[EncodedMolecule | MoleculeError]
) -> NDArray[np.float64]:
    """Return the score of each molecule, see `Domain.score`, shape (n,), NaN where refused."""
    score = np.full(len(molecules), np.nan)
    taken = [(i, row.tokens) for i, row in enumerate(molecules) if isinstance(row, EncodedMolecule)]
    if taken:
        found = measure(network, [tokens for _, tokens in taken])
        score[[i for i, _ in taken]] = domain.score(
            torch.from_numpy(found.mean), torch.from_numpy(found.nats_per_symbol)
        )
    return score


def drawn(rows: Sequence[object], *, seed: int) -> list[object]:
    """Return all rows, or so many drawn at random, in order, that a domain can be learned from them in a minute."""
    if len(rows) <= MOLECULES:
        return list(rows)
    chosen = np.random.default_rng(seed).choice(len(rows), size=MOLECULES, replace=False)
    return [rows[row] for row in np.sort(chosen)]


def learn_domain(
    vocabulary: Vocabulary, network: Network, molecules: Iterable[EncodedMolecule | MoleculeError], *, seed: int
) -> tuple[Domain, dict[str, object]]:
    """Return the domain of known molecules, and how often each symbol occurs in them, as `RareSymbols` reads it.

    Raises:
        DataError: too few of the molecules are taken.
    """
    distinct = list({row.tokens: None for row in molecules if isinstance(row, EncodedMolecule)})
    held = int(len(distinct) * _HELD_OUT)
    if held < 4:
        raise DataError(f"a domain needs at least 20 different molecules that the model takes, got {len(distinct)}")
    order = np.random.default_rng(seed).permutation(len(distinct))
    measured = measure(network, [distinct[row] for row in order])
    mean, log_var = torch.from_numpy(measured.mean), torch.from_numpy(measured.log_var)
    nats = torch.from_numpy(measured.nats_per_symbol)
    domain = Domain.fit(mean[held:], log_var[held:], mean[:held], nats[:held], points=_POINTS)
    counts = Counter(token for tokens in distinct for token in set(tokens))
    named = {vocabulary.symbols[token]: count for token, count in sorted(counts.items())}
    return domain, {"molecules": len(distinct), "symbols": named}


def domain_of(checkpoint: Checkpoint) -> Domain:
    """Return the domain that was stored with a model.

    Raises:
        DataError: it holds none; the message says how to learn it.
    """
    if checkpoint.domain is None:
        raise DataError(
            "this model does not know what is strange to it: give molecules that it was trained on, as "
            "space.learn_domain(smiles) or with `molvae check --training FILE`; space.save keeps what it learned"
        )
    return checkpoint.domain


@dataclass(frozen=True)
class RareSymbols:
    """Which symbols, and atoms, hardly occur in the training set: the model has seldom written them."""

    symbols: frozenset[str]  # the frequent ones
    atoms: frozenset[str]  # the frequent ones: isotope, element and charge

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> RareSymbols | None:
        """Return what the metadata of a model says, None where it says nothing."""
        stored = checkpoint.metadata.get(SYMBOLS_KEY)
        if not isinstance(stored, Mapping) or not isinstance(stored.get("symbols"), Mapping):
            return None
        total, counts = stored.get("molecules"), stored["symbols"]
        if type(total) is not int or not all(type(count) is int for count in counts.values()):
            return None
        return cls.from_counts(total, counts)

    @classmethod
    def from_counts(cls, molecules: int, counts: Mapping[str, int]) -> RareSymbols:
        """Return the symbols that occur in fewer than 1 of 1,000 molecules, from how many hold each.

        >>> rare = RareSymbols.from_counts(5_000, {"[C]": 5_000, "[=C]": 4_000, "[N+1]": 3})
        >>> rare.rare(["[C]", "[N+1]", "[=C]"])
        ('[N+1]', 'N+1')
        """
        frequent = {symbol for symbol, count in counts.items() if count >= _RARE * molecules}
        return cls(frozenset(frequent), frozenset(filter(None, map(atom_of, frequent))))

    def rare(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Return the rare ones of the symbols of a molecule, and its rare atoms, each once."""
        found = dict.fromkeys(symbol for symbol in symbols if symbol not in self.symbols)
        atoms = dict.fromkeys(atom for symbol in found if (atom := atom_of(symbol)) and atom not in self.atoms)
        return (*found, *atoms)
