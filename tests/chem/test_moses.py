from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, DataStructs, RDConfig
from rdkit.Chem import rdFingerprintGenerator

from molvae.chem.descriptors import descriptors
from molvae.chem.moses import StructureFilters, fingerprint_of, moses_features
from molvae.errors import DataError


@pytest.fixture(scope="module")
def pains() -> list[str]:
    """The 480 PAINS patterns of RDKit's own wheel."""
    with (Path(RDConfig.RDDataDir) / "Pains" / "wehi_pains.csv").open(newline="") as stream:
        return [row[0].strip() for row in csv.reader(stream)]


def test_screened_filters_find_what_a_search_for_every_pattern_finds(wehi_smiles: list[str], pains: list[str]) -> None:
    filters, patterns = StructureFilters(pains), [Chem.MolFromSmarts(text) for text in pains]
    found = []
    for smiles in wehi_smiles[::50]:
        mol = Chem.MolFromSmiles(smiles)
        explicit = Chem.AddHs(mol)
        naive = any(explicit.HasSubstructMatch(pattern) for pattern in patterns)
        assert filters.match(mol) == naive, smiles
        found.append(naive)
    assert 0 < sum(found) < len(found)  # both outcomes were compared


@pytest.mark.parametrize(
    ("smiles", "passes"),
    [
        ("CCO", True),
        ("CCP", False),  # an element that MOSES does not have
        ("C[N+](C)(C)C", False),  # a charge
        ("C1CCCCCC1", True),
        ("C1CCCCCCC1", False),  # a ring of eight atoms
        ("CCCl", False),  # the pattern
    ],
)
def test_molecules_pass_by_elements_charges_rings_and_patterns(smiles: str, passes: bool) -> None:
    features = moses_features(smiles, StructureFilters(["[Cl]"]))
    assert features is not None
    assert features.passes_filters is passes


def test_a_pattern_that_is_no_smarts_is_named() -> None:
    with pytest.raises(DataError, match=r"'C1CC' is not SMARTS"):
        StructureFilters(["C", "C1CC"])


def test_fingerprints_hold_the_bits_of_rdkit(wehi_smiles: list[str]) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    for smiles in wehi_smiles[:100]:
        packed = np.frombuffer(fingerprint_of(smiles) or b"", dtype=np.uint8)
        bits = np.unpackbits(packed, bitorder="little")
        assert np.array_equal(bits, generator.GetFingerprintAsNumPy(Chem.MolFromSmiles(smiles)))


def test_features_do_not_depend_on_how_the_molecule_is_written(wehi_smiles: list[str]) -> None:
    for smiles in wehi_smiles[:40]:
        other = Chem.MolToSmiles(Chem.MolFromSmiles(smiles), canonical=False, rootedAtAtom=1)
        assert moses_features(other) == moses_features(smiles)


def test_properties_are_those_of_the_descriptors(wehi_smiles: list[str]) -> None:
    for smiles in wehi_smiles[:20]:
        features, expected = moses_features(smiles), descriptors(smiles)
        assert features is not None
        own = (expected.logp, expected.sa_score, expected.qed, expected.molecular_weight)
        assert features.properties == pytest.approx(own, rel=1e-12)


@pytest.mark.parametrize("smiles", ["", "C1CC", "not SMILES", "C(C)(C)(C)(C)C"])
def test_what_rdkit_cannot_read_is_none(smiles: str) -> None:
    from molvae.chem.logs import quiet_rdkit

    with quiet_rdkit():
        assert moses_features(smiles) is None


def test_scaffolds_have_two_rings_or_more_and_keep_stereo() -> None:
    scaffolds = [
        getattr(moses_features(smiles), "scaffold", None)
        for smiles in ("CCO", "Cc1ccccc1", "Cc1ccccc1-c1ccccc1", "C[C@H]1C[C@@H](c2ccccc2)CN1")
    ]
    assert scaffolds[:3] == [None, None, "c1ccc(-c2ccccc2)cc1"]
    assert DataStructs.TanimotoSimilarity(*(Chem.RDKFingerprint(Chem.MolFromSmiles(s)) for s in scaffolds[2:])) < 1
