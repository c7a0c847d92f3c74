"""The posteriors of molecules that are tokens already: what every way of encoding ends with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molvae.errors import MoleculeError
from molvae.latent.network import Network
from molvae.latent.results import OK, Encoding
from molvae.tokens.codec import EncodedMolecule


def encode_chunk(
    network: Network, rows: Sequence[EncodedMolecule | MoleculeError], *, refine: bool = False
) -> Encoding:
    """Return one row for each of `rows`: the posterior of a molecule, or NaN and the reason of its refusal.

    `refine` moves each mean to where greedy decoding writes the molecule, as `molvae.model.refinement` tells.
    """
    taken = np.array([isinstance(row, EncodedMolecule) for row in rows], dtype=bool)
    mean = np.full((len(rows), network.vae.latent_dim), np.nan, dtype=np.float32)
    log_var = mean.copy()
    if taken.any():
        molecules = [row.tokens for row in rows if isinstance(row, EncodedMolecule)]
        mean[taken], log_var[taken] = posteriors = network.posteriors(molecules)
        if refine:
            mean[taken] = network.refined(molecules, posteriors)
    return Encoding(
        mean,
        log_var,
        smiles=tuple(row.smiles if isinstance(row, EncodedMolecule) else None for row in rows),
        status=tuple(str(row.code) if isinstance(row, MoleculeError) else OK for row in rows),
        detail=tuple(row.detail if isinstance(row, MoleculeError) else "" for row in rows),
        notes=tuple(tuple(map(str, row.notes)) if isinstance(row, EncodedMolecule) else () for row in rows),
    )
