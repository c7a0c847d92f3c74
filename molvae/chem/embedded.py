"""The molecules that RDKit's own wheel carries: on every machine that has RDKit, without a network."""

from __future__ import annotations

from pathlib import Path

from rdkit import RDConfig

from molvae.errors import DataError

_FILES = {
    "wehi_mols.csv": (RDConfig.RDDataDir, "Pains/test_data"),  # 10,000 drug-like molecules
    "first_5K.smi": (RDConfig.RDDataDir, "NCI"),  # 4,999 messy ones: salts, metals, charges
    "CHEMBL2321810.smi": (RDConfig.RDContribDir, "FreeWilson/data"),  # 1,017 of one series
    "CHEMBL2321810_act.csv": (RDConfig.RDContribDir, "FreeWilson/data"),  # their measured pActivity
}


def embedded_path(file: str) -> Path:
    """Return the path of one of RDKit's data files, read where it lies and never copied.

    Raises:
        DataError: this distribution of RDKit came without it.
        KeyError: a file that molvae does not know.

    >>> embedded_path("wehi_mols.csv").name
    'wehi_mols.csv'
    """
    root, folder = _FILES[file]
    path = Path(root) / folder / file
    if not path.is_file():
        raise DataError(
            f"this distribution of RDKit has no {file} (looked in {path.parent}); the wheel from PyPI carries it:"
            " pip install rdkit"
        )
    return path
