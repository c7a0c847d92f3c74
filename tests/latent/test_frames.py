"""pandas and RDKit objects in, tables out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from molvae.latent import LatentSpace, MoleculeLatentTransformer


def test_a_series_passes_its_index_on(space: LatentSpace, corpus: list[str]) -> None:
    series = pd.Series([*corpus[:3], "C1CC"], index=["a", "b", "c", "d"])
    encoding = space.encode(series)
    table = encoding.to_frame()
    assert table.index.equals(series.index)
    assert list(table.columns) == ["smiles", "status", *(f"z{i}" for i in range(space.latent_dim))]
    np.testing.assert_array_equal(table.filter(regex=r"^z\d").to_numpy(), encoding.mean)
    assert encoding[encoding.ok].to_frame().index.tolist() == ["a", "b", "c"]
    back = space.reconstruct(series).to_frame()
    assert back.index.equals(series.index)
    assert back["status"].tolist() == ["ok", "ok", "ok", "syntax"]
    assert space.encode(corpus[:2]).to_frame().index.tolist() == [0, 1]
    repeated = space.encode(series.set_axis(["a", "a", "b", "b"])).to_frame()
    np.testing.assert_array_equal(repeated.filter(regex=r"^z\d").to_numpy(), encoding.mean)


def test_a_whole_frame_is_refused_with_the_column_to_take(space: LatentSpace) -> None:
    with pytest.raises(ValueError, match=r"frame\['smiles'\]"):
        space.encode(pd.DataFrame({"smiles": ["CCO"]}))


def test_molecules_around_and_between_are_tables(space: LatentSpace, corpus: list[str]) -> None:
    neighbors = space.neighbors(corpus[0], n=3, similarity=0.3, seed=0)
    assert neighbors.to_frame().columns.tolist() == ["smiles", "similarity"]
    assert neighbors.to_frame()["smiles"].tolist() == neighbors.smiles
    path = space.interpolate(corpus[0], corpus[1], n=4)
    assert path.to_frame()["position"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_rdkit_molecules_are_taken_wherever_smiles_are(space: LatentSpace, corpus: list[str]) -> None:
    mols = [Chem.MolFromSmiles(smiles) for smiles in corpus[:4]]
    np.testing.assert_array_equal(space.encode(mols).mean, space.encode(corpus[:4]).mean)
    assert space.encode(mols[0]).smiles == (corpus[0],)
    assert space.neighbors(mols[0], n=2, seed=1).rows == space.neighbors(corpus[0], n=2, seed=1).rows
    assert repr(space.interpolate(mols[0], mols[1], n=3)) == repr(space.interpolate(corpus[0], corpus[1], n=3))
    assert space.sample_posterior(mols[0], 2, seed=0) == space.sample_posterior(corpus[0], 2, seed=0)


def test_a_pipeline_may_begin_with_a_step_that_makes_rdkit_molecules(model: Path, corpus: list[str]) -> None:
    def parse(smiles: list[str]) -> np.ndarray:
        """Return a column of molecules, as scikit-mol's `SmilesToMolTransformer` does."""
        column = np.empty((len(smiles), 1), dtype=object)
        column[:, 0] = [Chem.MolFromSmiles(text) for text in smiles]
        return column

    values = np.arange(len(corpus), dtype=float)
    pipeline = make_pipeline(FunctionTransformer(parse), MoleculeLatentTransformer(model=model), Ridge())
    plain = make_pipeline(MoleculeLatentTransformer(model=model), Ridge())
    expected = plain.fit(corpus, values).predict(corpus)
    np.testing.assert_allclose(pipeline.fit(corpus, values).predict(corpus), expected)


def test_the_transformer_gives_frames_and_can_be_called_as_molfeat_s_are(model: Path, corpus: list[str]) -> None:
    series = pd.Series(corpus[:3], index=[7, 8, 9])
    transformer = MoleculeLatentTransformer(model=model).set_output(transform="pandas")
    table = transformer.fit_transform(series)
    assert table.index.tolist() == [7, 8, 9]
    assert table.columns[0] == "z0"
    np.testing.assert_array_equal(MoleculeLatentTransformer(model=model)(corpus[:3]), table.to_numpy())


def test_the_names_of_hugging_face_save_and_load_the_same_model(
    space: LatentSpace, corpus: list[str], tmp_path: Path
) -> None:
    space.save_pretrained(tmp_path / "model")
    again = LatentSpace.from_pretrained(tmp_path / "model", threads=1, workers=1)
    np.testing.assert_array_equal(again.encode(corpus[:2]).mean, space.encode(corpus[:2]).mean)
