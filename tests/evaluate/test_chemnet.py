from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from molvae.errors import DataError, MissingExtraError
from molvae.evaluate import chemnet
from molvae.evaluate.chemnet import activations, encode_smiles, one_hot

ODD = ["C", "C[Si](C)(C)Cl", "C" * 400, "[Na+].CC", "F/C=C/Br", "CC[C@H](N)C(=O)O", "C%12CCC%12", "c1cc[se]c1"]


@pytest.fixture
def published() -> object:
    """The published code of `fcd_torch`, of which only what still runs is used: encoding and network."""
    return pytest.importorskip("fcd_torch.utils")


def test_one_hot_is_that_of_the_published_code(published: object, wehi_smiles: list[str]) -> None:
    for smiles in [*wehi_smiles[:50], *ODD]:
        expected = published.get_one_hot(smiles, 350) / 35  # type: ignore[attr-defined]
        found = one_hot(torch.from_numpy(encode_smiles([smiles])))[0].T
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_activations_are_those_of_the_published_network(published: object, wehi_smiles: list[str]) -> None:
    folder = next(iter(importlib.util.find_spec("fcd_torch").submodule_search_locations))  # type: ignore[union-attr, arg-type]
    layers = torch.load(Path(folder) / "ChemNet_v0.13_pretrained.pt", weights_only=True)
    network = published.load_imported_model(layers).eval()  # type: ignore[attr-defined]
    smiles = [*wehi_smiles[:10], *ODD]
    features = np.stack([published.get_one_hot(text, 350) / 35 for text in smiles])  # type: ignore[attr-defined]
    with torch.inference_mode():
        expected = network(torch.from_numpy(features).float().transpose(1, 2)).numpy()
    np.testing.assert_allclose(activations(smiles, threads=1), expected, atol=1e-6)


def test_activations_do_not_depend_on_batches_and_threads(
    wehi_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    smiles = wehi_smiles[:20]
    whole, counted = activations(smiles, threads=1), list[int]()
    monkeypatch.setattr(chemnet, "_BATCH", 3)
    monkeypatch.setattr(chemnet, "_WINDOW", 1)
    np.testing.assert_allclose(activations(smiles, threads=2, progress=counted.append), whole, atol=1e-5)
    assert sum(counted) == 20
    assert len(counted) == 4  # windows of two batches
    assert activations([]).shape == (0, 512)


def test_without_the_weights_the_error_holds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    chemnet.chemnet.cache_clear()
    monkeypatch.setitem(sys.modules, "fcd_torch", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'molvae\[metrics\]'"):
        activations(["C"])


def test_other_weights_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    chemnet.chemnet.cache_clear()
    monkeypatch.setattr(chemnet, "CHEMNET_SHA256", "0" * 64)
    with pytest.raises(DataError, match=r"not the ChemNet v0\.13 expected"):
        activations(["C"])
