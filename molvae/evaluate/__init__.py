"""What a model can do, measured by the field's own protocols: reconstruction, generation, the latent space.

Names load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.evaluate.checking import CheckedMolecule
    from molvae.evaluate.decoding import DecodeReport, DecodeSummary, decode_report
    from molvae.evaluate.frechet import Moments, frechet_distance
    from molvae.evaluate.generation import GenerationReport, evaluate_generation
    from molvae.evaluate.latent import LatentReport, evaluate_latent
    from molvae.evaluate.measure import Measure
    from molvae.evaluate.reconstruction import ReconstructionReport, evaluate_reconstruction, joined
    from molvae.evaluate.reference import Reference, draw, load_reference, read_smiles, read_source
    from molvae.evaluate.repair import Repair, repair
    from molvae.evaluate.resources import Resources
    from molvae.evaluate.statistics import Statistics, measure_statistics

__all__ = [
    "CheckedMolecule",
    "DecodeReport",
    "DecodeSummary",
    "GenerationReport",
    "LatentReport",
    "Measure",
    "Moments",
    "ReconstructionReport",
    "Reference",
    "Repair",
    "Resources",
    "Statistics",
    "decode_report",
    "draw",
    "evaluate_generation",
    "evaluate_latent",
    "evaluate_reconstruction",
    "frechet_distance",
    "joined",
    "load_reference",
    "measure_statistics",
    "read_smiles",
    "read_source",
    "repair",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "CheckedMolecule": "molvae.evaluate.checking",
        "DecodeReport": "molvae.evaluate.decoding",
        "DecodeSummary": "molvae.evaluate.decoding",
        "decode_report": "molvae.evaluate.decoding",
        "GenerationReport": "molvae.evaluate.generation",
        "LatentReport": "molvae.evaluate.latent",
        "Measure": "molvae.evaluate.measure",
        "Moments": "molvae.evaluate.frechet",
        "ReconstructionReport": "molvae.evaluate.reconstruction",
        "Reference": "molvae.evaluate.reference",
        "Repair": "molvae.evaluate.repair",
        "repair": "molvae.evaluate.repair",
        "Resources": "molvae.evaluate.resources",
        "Statistics": "molvae.evaluate.statistics",
        "draw": "molvae.evaluate.reference",
        "evaluate_generation": "molvae.evaluate.generation",
        "evaluate_latent": "molvae.evaluate.latent",
        "evaluate_reconstruction": "molvae.evaluate.reconstruction",
        "frechet_distance": "molvae.evaluate.frechet",
        "joined": "molvae.evaluate.reconstruction",
        "load_reference": "molvae.evaluate.reference",
        "measure_statistics": "molvae.evaluate.statistics",
        "read_smiles": "molvae.evaluate.reference",
        "read_source": "molvae.evaluate.reference",
    },
)
