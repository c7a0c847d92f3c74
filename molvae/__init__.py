"""molvae: molecules in a continuous latent space, and back.

`import molvae` defines names and loads nothing: torch and rdkit come with the first name that needs them.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

__version__ = "0.1.0"

if TYPE_CHECKING:
    from molvae.chem.molecule import canonical_smiles, read_molecule
    from molvae.chem.settings import Standardization
    from molvae.datasets.catalog import dataset, list_datasets
    from molvae.datasets.preparation import prepare
    from molvae.datasets.readers import read_rows
    from molvae.datasets.shards import TokenShard
    from molvae.errors import (
        CheckpointError,
        ConfigError,
        DataError,
        MissingExtraError,
        MoleculeError,
        MolvaeError,
        ObjectiveError,
        TrainingError,
        UnknownSymbolError,
    )
    from molvae.latent.space import LatentSpace
    from molvae.model.config import VAEConfig
    from molvae.optimize.objective import Objective
    from molvae.optimize.run import optimize
    from molvae.properties.model import PropertyModel
    from molvae.tokens.codec import MoleculeCodec
    from molvae.tokens.constraints import Constraints
    from molvae.tokens.vocabulary import Vocabulary
    from molvae.training.config import TrainConfig
    from molvae.training.run import fine_tune, train


def load(
    folder: Path | str | None = None, *, device: str = "cpu", threads: int | None = None, workers: int | None = None
) -> LatentSpace:
    """Return the latent space of the model in `folder`, or of the one that comes with molvae.

    Args:
        folder: what `train` wrote; None for the model inside the package.
        device: "cpu", "cuda" or "auto", which takes a GPU if there is one.
        threads: of this process; None for all usable cores.
        workers: processes for inputs of 10,000 rows and more, and for files; None for all usable cores.

    Raises:
        CheckpointError: no model is there, or it is damaged.
    """
    from molvae.latent.space import LatentSpace

    return LatentSpace.load(folder, device=device, threads=threads, workers=workers)


_MODULES = {
    "CheckpointError": "molvae.errors",
    "ConfigError": "molvae.errors",
    "Constraints": "molvae.tokens.constraints",
    "DataError": "molvae.errors",
    "LatentSpace": "molvae.latent.space",
    "MissingExtraError": "molvae.errors",
    "MoleculeCodec": "molvae.tokens.codec",
    "MoleculeError": "molvae.errors",
    "MolvaeError": "molvae.errors",
    "Objective": "molvae.optimize.objective",
    "ObjectiveError": "molvae.errors",
    "PropertyModel": "molvae.properties.model",
    "Standardization": "molvae.chem.settings",
    "TokenShard": "molvae.datasets.shards",
    "TrainConfig": "molvae.training.config",
    "TrainingError": "molvae.errors",
    "UnknownSymbolError": "molvae.errors",
    "VAEConfig": "molvae.model.config",
    "Vocabulary": "molvae.tokens.vocabulary",
    "canonical_smiles": "molvae.chem.molecule",
    "dataset": "molvae.datasets.catalog",
    "fine_tune": "molvae.training.run",
    "list_datasets": "molvae.datasets.catalog",
    "prepare": "molvae.datasets.preparation",
    "read_molecule": "molvae.chem.molecule",
    "read_rows": "molvae.datasets.readers",
    "train": "molvae.training.run",
}

__all__ = [
    "CheckpointError",
    "ConfigError",
    "Constraints",
    "DataError",
    "LatentSpace",
    "MissingExtraError",
    "MoleculeCodec",
    "MoleculeError",
    "MolvaeError",
    "Objective",
    "ObjectiveError",
    "PropertyModel",
    "Standardization",
    "TokenShard",
    "TrainConfig",
    "TrainingError",
    "UnknownSymbolError",
    "VAEConfig",
    "Vocabulary",
    "__version__",
    "canonical_smiles",
    "dataset",
    "fine_tune",
    "list_datasets",
    "load",
    "optimize",
    "prepare",
    "read_molecule",
    "read_rows",
    "train",
]

_exported, _ = lazy_exports(__name__, _MODULES)


def __getattr__(name: str) -> object:
    if name == "optimize":  # a package that can be called
        return importlib.import_module("molvae.optimize")
    return _exported(name)


def __dir__() -> list[str]:
    return sorted(__all__)
