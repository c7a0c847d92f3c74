from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import Descriptors, rdFingerprintGenerator

from molvae.chem.guacamol import guacamol_features

NAMES = (
    "BertzCT", "MolLogP", "MolWt", "TPSA", "NumHAcceptors", "NumHDonors", "NumRotatableBonds", "NumAliphaticRings",
    "NumAromaticRings",
)  # fmt: skip


def test_descriptors_and_fingerprints_are_those_that_the_published_code_names(wehi_smiles: list[str]) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=4096)
    for smiles in wehi_smiles[:60]:
        mol = Chem.MolFromSmiles(smiles)
        features = guacamol_features(smiles)
        assert features is not None
        np.testing.assert_allclose(features[0], [getattr(Descriptors, name)(mol) for name in NAMES], rtol=1e-12)
        bits = np.unpackbits(np.frombuffer(features[1], dtype=np.uint8), bitorder="little")
        assert np.array_equal(bits, generator.GetFingerprintAsNumPy(mol))
