from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molvae.chem.settings import Standardization
from molvae.datasets.shards import TokenChunk, TokenShard, write_shard
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary

ALKANE_LENGTHS = (3, 1, 7, 7, 2, 5, 4, 4, 3, 6, 1, 2)


@pytest.fixture(scope="session")
def alkanes(tmp_path_factory: pytest.TempPathFactory) -> TokenShard:
    """Twelve chains of carbon with an oxygen at the end, of known lengths; made without RDKit."""
    vocabulary = Vocabulary.from_symbols(["[C]", "[O]"])
    rows = [[vocabulary.token("[C]")] * (length - 1) + [vocabulary.token("[O]")] for length in ALKANE_LENGTHS]
    smiles = ["C" * (length - 1) + "O" for length in ALKANE_LENGTHS]
    chunks = [TokenChunk.from_rows(rows[:5], smiles[:5]), TokenChunk.from_rows(rows[5:], smiles[5:])]
    return write_shard(
        tmp_path_factory.mktemp("alkanes") / "shard",
        chunks,
        vocabulary=vocabulary,
        constraints=DEFAULT_CONSTRAINTS,
        standardization=Standardization(max_atoms=60),
        sources=[{"name": "alkanes.smi", "sha256": "0" * 64}],
    )


@pytest.fixture(scope="session")
def wehi_file(wehi_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 400 real molecules, some of them twice, with rows that must be refused in between."""
    rows = [*wehi_smiles[:300], *wehi_smiles[100:150], *wehi_smiles[300:400]]
    for position, bad in ((30, "C1CC"), (200, "CCO.CCN"), (201, "c1cccc1"), (440, "C[Mg]Br")):
        rows.insert(position, bad)
    path = tmp_path_factory.mktemp("wehi") / "wehi.smi"
    path.write_text("".join(f"{smiles} molecule {number}\n" for number, smiles in enumerate(rows)), encoding="ascii")
    return path


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(0)
