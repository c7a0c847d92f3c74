"""SELFIES mutations: molecules, other ones, the same for a seed."""

from __future__ import annotations

import numpy as np

from molvae.chem.molecule import canonical_smiles
from molvae.tokens.codec import MoleculeCodec, tokenize
from molvae.tokens.mutation import mutate_symbols
from molvae.tokens.vocabulary import Vocabulary

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
CODEC = MoleculeCodec(Vocabulary.from_symbols([*tokenize(ASPIRIN).symbols, "[N]", "[F]"]))


def mutants(seed: int) -> list[str | None]:
    rng = np.random.default_rng(seed)
    return [mutate_symbols(CODEC, ASPIRIN, rng) for _ in range(100)]


def test_mutants_are_other_canonical_molecules() -> None:
    found = [smiles for smiles in mutants(0) if smiles is not None]
    assert len(set(found)) > 30
    assert ASPIRIN not in found
    organic = [smiles for smiles in found if "[" not in smiles]  # the gate refuses radicals
    assert [canonical_smiles(smiles) for smiles in organic] == organic


def test_a_seed_decides_the_mutants() -> None:
    assert mutants(1) == mutants(1) != mutants(2)


def test_a_molecule_that_the_vocabulary_lacks_has_no_mutants() -> None:
    assert mutate_symbols(CODEC, "BrCC", np.random.default_rng(0)) is None


def test_deleting_the_only_symbol_leaves_no_molecule() -> None:
    codec = MoleculeCodec(Vocabulary.from_symbols(["[C]"]))
    found = {mutate_symbols(codec, "C", np.random.default_rng(seed)) for seed in range(30)}
    assert found == {None, "CC"}
