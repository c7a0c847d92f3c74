"""The latent space of a trained model: the facade `LatentSpace`, and the parts that it is made of.

Names load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.latent.conditional import ConditionalSamples
    from molvae.latent.directions import Direction
    from molvae.latent.files import FileReport, decode_file, encode_file
    from molvae.latent.index import Match, VectorIndex
    from molvae.latent.projection import project
    from molvae.latent.results import Candidate, Encoding, Neighbor, Neighbors, Path, Reconstruction, Step
    from molvae.latent.space import LatentSpace
    from molvae.latent.transformer import MoleculeLatentTransformer

__all__ = [
    "Candidate",
    "ConditionalSamples",
    "Direction",
    "Encoding",
    "FileReport",
    "LatentSpace",
    "Match",
    "MoleculeLatentTransformer",
    "Neighbor",
    "Neighbors",
    "Path",
    "Reconstruction",
    "Step",
    "VectorIndex",
    "decode_file",
    "encode_file",
    "project",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "ConditionalSamples": "molvae.latent.conditional",
        "Direction": "molvae.latent.directions",
        "FileReport": "molvae.latent.files",
        "decode_file": "molvae.latent.files",
        "encode_file": "molvae.latent.files",
        "Match": "molvae.latent.index",
        "VectorIndex": "molvae.latent.index",
        "project": "molvae.latent.projection",
        "Candidate": "molvae.latent.results",
        "Encoding": "molvae.latent.results",
        "Neighbor": "molvae.latent.results",
        "Neighbors": "molvae.latent.results",
        "Path": "molvae.latent.results",
        "Reconstruction": "molvae.latent.results",
        "Step": "molvae.latent.results",
        "LatentSpace": "molvae.latent.space",
        "MoleculeLatentTransformer": "molvae.latent.transformer",
    },
)
