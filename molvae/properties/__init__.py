"""Property models: measured values of molecules learned on latent vectors, with honest uncertainty.

Names load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.properties.embedding import Embedder
    from molvae.properties.evaluation import Evaluation, evaluate
    from molvae.properties.head import PropertyHead
    from molvae.properties.model import PropertyModel
    from molvae.properties.prediction import Prediction
    from molvae.properties.traversal import AttributeAxis, Traversal

__all__ = [
    "AttributeAxis",
    "Embedder",
    "Evaluation",
    "Prediction",
    "PropertyHead",
    "PropertyModel",
    "Traversal",
    "evaluate",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "AttributeAxis": "molvae.properties.traversal",
        "Embedder": "molvae.properties.embedding",
        "Evaluation": "molvae.properties.evaluation",
        "evaluate": "molvae.properties.evaluation",
        "PropertyHead": "molvae.properties.head",
        "Prediction": "molvae.properties.prediction",
        "PropertyModel": "molvae.properties.model",
        "Traversal": "molvae.properties.traversal",
    },
)
