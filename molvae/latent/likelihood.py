"""How likely the model finds molecules given as SMILES: bounds of log p(x) in nats, row-aligned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from molvae.latent.network import Network
from molvae.model import likelihood
from molvae.model.loss import token_nll
from molvae.model.null_latent import NullLatent
from molvae.tokens.bulk import encode_many
from molvae.tokens.codec import EncodedMolecule, MoleculeCodec


def elbo(codec: MoleculeCodec, network: Network, smiles: Sequence[object], *, seed: int) -> NDArray[np.float32]:
    """Return a one-sample estimate of the ELBO of each molecule, shape (n,), NaN where refused."""

    def bound(tokens: Tensor, lengths: Tensor, row: int) -> Tensor:
        return likelihood.elbo(network.vae, tokens, lengths, seed=seed, first_row=row)

    return _bounds(codec, network, smiles, bound)


def importance_weighted_bound(
    codec: MoleculeCodec, network: Network, smiles: Sequence[object], *, samples: int, seed: int
) -> NDArray[np.float32]:
    """Return log 1/K Σ p(x, z_k) / q(z_k | x) of each molecule, shape (n,), NaN where refused."""

    def bound(tokens: Tensor, lengths: Tensor, row: int) -> Tensor:
        return likelihood.importance_weighted_bound(
            network.vae, tokens, lengths, samples=samples, seed=seed, first_row=row
        )

    return _bounds(codec, network, smiles, bound)


def surprise(
    codec: MoleculeCodec, network: Network, prior: NullLatent, smiles: Sequence[object]
) -> NDArray[np.float32]:
    """Return −log p(x | null) per symbol, the end included, in nats (n,), at the null latent with the largest share.

    NaN where refused. Per symbol, because a long molecule is not for its length an unlikely one.
    """
    point = prior.points[int(prior.weights.argmax())].to(network.device)

    def score(tokens: Tensor, lengths: Tensor, row: int) -> Tensor:
        logits = network.vae.decoder(point.expand(len(lengths), -1), tokens[:-1])
        return token_nll(logits, tokens[1:]) / (lengths - 1)

    return _bounds(codec, network, smiles, score)


def _bounds(
    codec: MoleculeCodec,
    network: Network,
    smiles: Sequence[object],
    bound: Callable[[Tensor, Tensor, int], Tensor],
) -> NDArray[np.float32]:
    molecules = list(encode_many(codec, smiles))
    taken = [(i, row.tokens) for i, row in enumerate(molecules) if isinstance(row, EncodedMolecule)]
    result = np.full(len(molecules), np.nan, dtype=np.float32)
    # in order and not by length: the noise belongs to the number of the row
    result[[i for i, _ in taken]] = network.map_batches(bound, [tokens for _, tokens in taken], (), keep_order=True)
    return result
