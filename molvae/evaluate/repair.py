"""From a malformed or odd molecule to the nearest ordinary ones that a model writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from molvae.chem.alerts import AlertCatalog
from molvae.chem.fingerprints import tanimoto_to
from molvae.chem.logs import quiet_rdkit
from molvae.chem.mending import mended
from molvae.chem.structure import describe_structure
from molvae.latent.results import Neighbor
from molvae.latent.space import LatentSpace

_SCALES = (0.0, 0.5, 1.0, 2.0, 4.0)  # of the posterior noise, in standard deviations
_DRAWS = 48  # at each scale


@dataclass(frozen=True, slots=True)
class Repair:
    """What was made of one molecule."""

    given: str
    mended: str | None  # canonical: the given one with the fewest corrections; None where none were found
    rows: tuple[Neighbor, ...]  # ordinary molecules that the model decodes, the most similar first


def repair(
    space: LatentSpace, smiles: str, n: int = 5, *, catalogs: Sequence[AlertCatalog] = (), seed: int = 0
) -> Repair:
    """Return up to `n` ordinary molecules near a text that is no molecule, or near an odd one.

    Slips are mended first (`molvae.chem.mending.mended`); then the model decodes the posterior of what came out, with
    rising noise. What it writes is kept if nothing in it is odd and it raises no alert of `catalogs`. Similarities are
    Tanimoto (Morgan, radius 2, 2,048 bits) to the given molecule, or to the mended one where it cannot be read.

    Raises:
        ValueError: `n` is below 1.
        ConfigError: an unknown catalogue.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    start = mended(smiles)
    if start is None or not space.encode([start]).ok[0]:
        return Repair(smiles, start, ())
    decoded: list[str | None] = []
    for place, scale in enumerate(_SCALES):
        decoded += space.sample_posterior(start, 1 if scale == 0 else _DRAWS, seed=seed + place, scale=scale)
    with quiet_rdkit():
        given = describe_structure(smiles, ()).smiles or start
        found = [describe_structure(text, catalogs) for text in dict.fromkeys(decoded) if text is not None]
    ordinary = [str(row.smiles) for row in found if row.smiles and not row.findings and not row.alerts]
    similarities = tanimoto_to(given, ordinary) if ordinary else np.empty(0)
    rows = sorted(zip(ordinary, similarities.tolist(), strict=True), key=lambda row: (-row[1], row[0]))
    return Repair(smiles, start, tuple(Neighbor(*row) for row in rows[:n]))
