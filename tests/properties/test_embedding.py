from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from molvae.latent.space import LatentSpace
from molvae.properties.embedding import Embedder, molecules_of


def test_rows_stay_aligned_and_are_computed_once(
    space: LatentSpace, corpus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = Embedder(space)
    asked: list[int] = []
    encode = LatentSpace.encode

    def counted(self: LatentSpace, smiles: list[str]) -> object:
        asked.append(len(smiles))
        return encode(self, smiles)

    monkeypatch.setattr(LatentSpace, "encode", counted)
    rows = [corpus[0], "C1CC", None, corpus[1], corpus[0], "", corpus[1]]
    points = embedder(rows)
    assert points.status == ("ok", "syntax", "type", "ok", "ok", "empty", "ok")
    assert np.isnan(points.z).all(axis=1).tolist() == [status != "ok" for status in points.status]
    np.testing.assert_array_equal(points.z[0], points.z[4])
    np.testing.assert_allclose(points.z[3], encode(space, [corpus[1]]).mean[0], rtol=1e-4, atol=1e-5)
    again = embedder([corpus[1], corpus[2], corpus[0]])
    assert asked == [5, 1]
    np.testing.assert_array_equal(again.z[2], points.z[0])


def test_molecules_are_told_from_vectors() -> None:
    smiles = ["CCO", "CCN"]
    for molecules in (smiles, np.array(smiles), pd.Series(smiles), pd.DataFrame({"s": smiles}), np.array([smiles]).T):
        assert molecules_of(molecules) == smiles
    assert molecules_of(pd.Series(["CCO", None])) == ["CCO", None]
    for vectors in (np.zeros((2, 3)), [[0.0], [1.0]], np.zeros(3), pd.DataFrame({"z0": [0.0]})):
        assert molecules_of(vectors) is None
    with pytest.raises(ValueError, match=r"write \[smiles\]"):
        molecules_of("CCO")
