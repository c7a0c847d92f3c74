"""Molecules, a vocabulary and a codec for the laws of the token package."""

from __future__ import annotations

import pytest

from molvae.tokens.codec import MoleculeCodec, tokenize
from molvae.tokens.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def molecules(wehi_smiles: list[str]) -> list[str]:
    """Four hundred real molecules of one component, and some with what they lack."""
    unusual = [
        "C[C@H](N)C(=O)[O-]",
        "C/C=C\\C",
        "F[C@@]12NCCCC1CCCO2",
        "[13CH4]",
        "C[S@](=O)CC",
        "c1cc[se]c1",
        "C[Si](C)(C)C",
    ]
    unusual += ["C1=C\\C=C/C=C\\C=C/1", "C[N+](=O)[O-]", "[O-][Cl+3]([O-])([O-])OC", "CP(=O)(O)O", "Cn1ccc2ccccc12"]
    return [text for text in wehi_smiles[:400] if "." not in text] + unusual


@pytest.fixture(scope="session")
def vocabulary(molecules: list[str]) -> Vocabulary:
    """The symbols of those molecules."""
    return Vocabulary.from_symbols({symbol for smiles in molecules for symbol in tokenize(smiles).symbols})


@pytest.fixture(scope="session")
def codec(vocabulary: Vocabulary) -> MoleculeCodec:
    """A codec under the default constraints."""
    return MoleculeCodec(vocabulary)
