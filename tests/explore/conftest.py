"""A map of drugs in the space of the model that comes with molvae."""

from __future__ import annotations

from pathlib import Path

import pytest

import molvae
from molvae.explore.atlas import Atlas
from molvae.latent.space import LatentSpace


@pytest.fixture(scope="session")
def space() -> LatentSpace:
    """The latent space, in this process alone."""
    return molvae.load(threads=1, workers=1)


@pytest.fixture(scope="session")
def atlas(space: LatentSpace, project_root: Path) -> Atlas:
    """40 drugs, and two rows that the model refuses."""
    rows = list(molvae.read_rows(project_root / "data" / "drugs.smi"))[:40]
    return Atlas.of(space, ["c1cccc1", *(str(row.smiles) for row in rows), "CCO.CCN"],
                    ["open", *(row.name for row in rows), "two"])  # fmt: skip
