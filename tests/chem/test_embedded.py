"""RDKit's own data files: there, or named as missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from molvae.chem import embedded
from molvae.errors import DataError


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("wehi_mols.csv", 10_000),
        ("first_5K.smi", 4_999),
        ("CHEMBL2321810.smi", 1_017),
        ("CHEMBL2321810_act.csv", 1_018),
    ],
)
def test_the_wheel_of_rdkit_carries_the_file(file: str, lines: int) -> None:
    assert len(embedded.embedded_path(file).read_text(encoding="utf-8").splitlines()) == lines


def test_a_distribution_without_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embedded._FILES, "wehi_mols.csv", (str(tmp_path), "Pains"))
    with pytest.raises(DataError, match="pip install rdkit"):
        embedded.embedded_path("wehi_mols.csv")
