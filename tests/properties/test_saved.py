from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from molvae.errors import CheckpointError
from molvae.latent.space import LatentSpace
from molvae.properties.model import PropertyModel
from molvae.properties.saved import ARRAYS, CARD
from molvae.properties.selection import KINDS

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_predicts_the_same_to_the_last_bit(kind: str, table: Table, tmp_path: Path) -> None:
    x, y = table[0][:120], np.stack([table[1], -table[1]], axis=1)[:120]
    model = PropertyModel(kind, outside=0.2).fit(x, y, targets=["a", "b"])
    model.save(tmp_path / "model")
    again = PropertyModel.load(tmp_path / "model")
    before, after = model.describe(x, alpha=0.1), again.describe(x, alpha=0.1)
    for field in ("mean", "std", "lower", "upper", "domain", "inside"):
        np.testing.assert_array_equal(getattr(before, field), getattr(after, field))
    assert after.targets == ("a", "b")
    again.save(tmp_path / "again")
    assert (tmp_path / "again" / ARRAYS).read_bytes() == (tmp_path / "model" / ARRAYS).read_bytes()


def test_the_latent_space_travels_along(
    space: LatentSpace, corpus: list[str], lengths: NDArray[np.float64], tmp_path: Path
) -> None:
    model = PropertyModel("ridge", space=space).fit(corpus, lengths)
    model.save(tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / "moved")
    for chosen in (None, space):
        again = PropertyModel.load(tmp_path / "moved", space=chosen)
        np.testing.assert_allclose(again.predict(corpus), model.predict(corpus), rtol=1e-5)
    again.save(tmp_path / "moved")  # over itself
    np.testing.assert_allclose(PropertyModel.load(tmp_path / "moved").predict(corpus), model.predict(corpus), rtol=1e-5)


def test_a_folder_with_other_things_is_not_replaced(table: Table, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(CheckpointError, match="holds something else"):
        PropertyModel("ridge").fit(*table).save(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years"


def _card(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text())
        change(card)
        (folder / CARD).write_text(json.dumps(card))

    return edit


def _arrays(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        arrays = load_file(folder / ARRAYS)
        change(arrays)
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / ARRAYS)
        digest = hashlib.sha256((folder / ARRAYS).read_bytes()).hexdigest()
        _card(lambda card: card.update(arrays_sha256=digest))(folder)

    return edit


def _link(folder: Path) -> None:
    (folder / ARRAYS).rename(folder.parent / "elsewhere")
    (folder / ARRAYS).symlink_to(folder.parent / "elsewhere")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no card": (lambda folder: (folder / CARD).unlink(), "none found"),
    "no JSON": (lambda folder: (folder / CARD).write_text("{"), "not JSON"),
    "deep JSON": (lambda folder: (folder / CARD).write_text("[" * 100_000), "not JSON"),
    "large card": (lambda folder: (folder / CARD).write_text(" " * 1_000_001), "bytes, more than"),
    "format": (_card(lambda card: card.update(format=9)), "format 9"),
    "extra key": (_card(lambda card: card.update(pickle="x")), "'pickle'"),
    "kind": (_card(lambda card: card["targets"][0].update(kind="os.system")), "kind must be one of"),
    "a billion features": (_card(lambda card: card.update(features=10**9)), "features must be"),
    "true features": (_card(lambda card: card.update(features=True)), "features must be"),
    "a billion nodes": (_card(lambda card: card["targets"][0]["sizes"].update(nodes=2**31 - 1)), "trees with nodes"),
    "no sizes": (_card(lambda card: card["targets"][0].update(sizes={})), "lack 'trees'"),
    "no targets": (_card(lambda card: card.update(targets=[])), "list of 1 to"),
    "text for a number": (_card(lambda card: card["targets"][0].update(mean="0")), "mean must be a finite number"),
    "infinite": (_card(lambda card: card["targets"][0].update(spread=float("inf"))), "not JSON"),
    "other arrays": (lambda folder: (folder / ARRAYS).write_bytes(b"x" * 100), "SHA-256 differs"),
    "truncated": (lambda folder: (folder / ARRAYS).write_bytes((folder / ARRAYS).read_bytes()[:-9]), "SHA-256 differs"),
    "link": (_link, "not a link"),
    "NaN": (_arrays(lambda arrays: arrays["center"].fill(np.nan)), "NaN or infinity"),
    "zero scale": (_arrays(lambda arrays: arrays["scale"].fill(0)), "above 0"),
    "shape": (_arrays(lambda arrays: arrays.update(scale=np.ones(3))), "must have shape"),
    "type": (_arrays(lambda arrays: arrays.update(scale=np.ones(6, dtype=np.float32))), "must be F64"),
    "extra array": (_arrays(lambda arrays: arrays.update(evil=np.ones(1))), "bytes, more than|adds the tensor 'evil'"),
    "loop": (_arrays(lambda arrays: arrays["target0.left"].__setitem__(1, 0)), "does not lead to a later one"),
}


@pytest.fixture(scope="module")
def forest(table: Table) -> PropertyModel:
    return PropertyModel("forest").fit(table[0][:40], table[1][:40])


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named(damage: str, forest: PropertyModel, tmp_path: Path) -> None:
    forest.save(tmp_path / "model")
    change, message = DAMAGES[damage]
    change(tmp_path / "model")
    with pytest.raises(CheckpointError, match=message):
        PropertyModel.load(tmp_path / "model")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no folder"):
        PropertyModel.load(tmp_path / "none")
