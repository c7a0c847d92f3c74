"""What a model can do, measured by the field's own protocols: reconstruction, generation, the latent space.

Names load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.evaluate.frechet import Moments, frechet_distance
    from molvae.evaluate.generation import GenerationReport, evaluate_generation
    from molvae.evaluate.measure import Measure
    from molvae.evaluate.reference import Reference, load_reference
    from molvae.evaluate.statistics import Statistics, measure_statistics

__all__ = [
    "GenerationReport",
    "Measure",
    "Moments",
    "Reference",
    "Statistics",
    "evaluate_generation",
    "frechet_distance",
    "load_reference",
    "measure_statistics",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "GenerationReport": "molvae.evaluate.generation",
        "Measure": "molvae.evaluate.measure",
        "Moments": "molvae.evaluate.frechet",
        "Reference": "molvae.evaluate.reference",
        "Statistics": "molvae.evaluate.statistics",
        "evaluate_generation": "molvae.evaluate.generation",
        "frechet_distance": "molvae.evaluate.frechet",
        "load_reference": "molvae.evaluate.reference",
        "measure_statistics": "molvae.evaluate.statistics",
    },
)
