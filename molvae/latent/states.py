"""What the encoder knows of a molecule beside z: its states, summed over the molecule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from molvae.latent.network import Network
from molvae.tokens.bulk import encode_many
from molvae.tokens.codec import EncodedMolecule, MoleculeCodec


def summed_states(codec: MoleculeCodec, network: Network, smiles: Sequence[object]) -> NDArray[np.float32]:
    """Return the summed states of the encoder's last layer, shape (n, 2H), NaN where refused."""

    def states(tokens: Tensor, lengths: Tensor, _: int) -> Tensor:
        return network.vae.encoder.summed_states(tokens, lengths)

    molecules = list(encode_many(codec, smiles, workers=1))
    taken = [(i, row.tokens) for i, row in enumerate(molecules) if isinstance(row, EncodedMolecule)]
    result = np.full((len(molecules), network.vae.encoder.to_posterior.in_features), np.nan, dtype=np.float32)
    if taken:
        width = (result.shape[1],)
        result[[i for i, _ in taken]] = network.map_batches(states, [tokens for _, tokens in taken], width)
    return result
