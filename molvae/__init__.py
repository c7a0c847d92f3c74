"""molvae: molecules in a continuous latent space, and back.

`import molvae` defines names and loads nothing: torch and rdkit come with the first name that needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

__version__ = "0.1.0"

if TYPE_CHECKING:
    from molvae.chem.settings import Standardization
    from molvae.errors import (
        CheckpointError,
        ConfigError,
        DataError,
        MissingExtraError,
        MoleculeError,
        MolvaeError,
        TrainingError,
        UnknownSymbolError,
    )
    from molvae.tokens.constraints import Constraints
    from molvae.tokens.vocabulary import Vocabulary

__all__ = [
    "CheckpointError",
    "ConfigError",
    "Constraints",
    "DataError",
    "MissingExtraError",
    "MoleculeError",
    "MolvaeError",
    "Standardization",
    "TrainingError",
    "UnknownSymbolError",
    "Vocabulary",
    "__version__",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "CheckpointError": "molvae.errors",
        "ConfigError": "molvae.errors",
        "Constraints": "molvae.tokens.constraints",
        "DataError": "molvae.errors",
        "MissingExtraError": "molvae.errors",
        "MoleculeError": "molvae.errors",
        "MolvaeError": "molvae.errors",
        "Standardization": "molvae.chem.settings",
        "TrainingError": "molvae.errors",
        "UnknownSymbolError": "molvae.errors",
        "Vocabulary": "molvae.tokens.vocabulary",
    },
)
