"""What every test stands on: one thread per process, no deadlines, and real molecules."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before torch is imported: two OpenMP threads on a busy 2-core machine can be a hundred times slower than one.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

# A busy machine must not fail a law: no deadlines, and the same examples in every run.
settings.register_profile(
    "molvae", deadline=None, derandomize=True, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("molvae")


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout that the tests run in."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def wehi_smiles() -> list[str]:
    """The 10,000 drug-like molecules of RDKit's own wheel, as written there."""
    from rdkit import RDConfig

    path = Path(RDConfig.RDDataDir) / "Pains" / "test_data" / "wehi_mols.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return [row[0] for row in csv.reader(stream)]
