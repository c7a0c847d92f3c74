from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molvae.datasets.catalog import dataset, moses_file
from molvae.datasets.downloads import data_folder
from molvae.errors import DataError
from molvae.evaluate.features import measure_features
from molvae.evaluate.official import MOSES_ROWS, official_statistics, read_official
from molvae.evaluate.reference import draw

ROWS = 5


def moses_like(**changes: Any) -> dict[str, Any]:
    """Build what the files of MOSES hold, of five molecules."""
    rng = np.random.default_rng(0)
    return {
        "FCD": {"mu": rng.random(512, dtype=np.float32), "sigma": rng.random((512, 512))},
        "SNN": {"fps": (rng.random((ROWS, 1024)) < 0.04).astype(np.uint8)},
        "Frag": {"frag": Counter({"[1*]C(C)=O": 75_983, "C": 1, "[4*]CC": 300})},
        "Scaf": {"scaf": Counter({"c1ccc(-c2ccccc2)cc1": 2})},
        **{name: {"values": rng.random(ROWS).tolist()} for name in ("logP", "SA", "QED", "weight")},
        **changes,
    }


def write(path: Path, content: object) -> Path:
    """Write a file as NumPy did for MOSES, with the second pickle protocol."""
    array = np.empty((), dtype=object)
    array[()] = content
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    pickle.dump(array, stream, protocol=2)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stats.npy", stream.getvalue())
    return path


def test_every_statistic_is_read(tmp_path: Path) -> None:
    content = moses_like()
    found = read_official(write(tmp_path / "stats.npz", content), ROWS)
    np.testing.assert_array_equal(found.moments.mean, content["FCD"]["mu"])
    np.testing.assert_array_equal(found.moments.covariance, content["FCD"]["sigma"])
    bits = np.unpackbits(found.fingerprints, axis=1, bitorder="little")
    np.testing.assert_array_equal(bits, content["SNN"]["fps"])
    assert (found.fragments, found.scaffolds) == (content["Frag"]["frag"], content["Scaf"]["scaf"])
    assert found.properties["weight"].tolist() == content["weight"]["values"]
    assert found.moments.n == ROWS


class Trap:
    """An object whose pickle makes a folder when it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (self.folder,)


def test_nothing_in_the_file_is_executed(tmp_path: Path) -> None:
    path = write(tmp_path / "stats.npz", moses_like(NP=Trap(tmp_path / "trap")))
    read_official(path, ROWS)
    assert not (tmp_path / "trap").exists()
    np.load(path, allow_pickle=True)["stats"]  # what would have happened
    assert (tmp_path / "trap").exists()


@pytest.mark.parametrize(
    "content",
    [{"FCD": {}}, "nothing", moses_like(logP={"values": [1.0]}), moses_like(SNN={"fps": np.zeros(7, np.uint8)})],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(DataError, match=r"stats\.npz does not hold the statistics of MOSES"):
        read_official(write(tmp_path / "stats.npz", content), ROWS)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stats.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="does not hold the statistics"):
        read_official(tmp_path / "stats.npz", ROWS)


@pytest.mark.parametrize("split", MOSES_ROWS)
def test_the_official_statistics_are_those_that_this_rdkit_computes(split: str) -> None:
    try:
        moses_file(f"{split}_stats.npz", fetch=False)
    except DataError:
        pytest.skip(f"MOSES has not been fetched to {data_folder()}")
    official = official_statistics(split)
    rows = draw(list(enumerate(dataset("moses").rows(split))), 200, seed=0)
    found = measure_features([row.smiles for _, row in rows])
    chosen = [number for number, _ in rows]
    np.testing.assert_array_equal(found.fingerprints, official.fingerprints[chosen])
    for name, values in found.properties.items():
        np.testing.assert_allclose(values, official.properties[name][chosen], rtol=1e-12)
    assert found.fragments.keys() <= official.fragments.keys()
    assert found.scaffolds.keys() <= official.scaffolds.keys()
    assert len(official.fingerprints) == MOSES_ROWS[split]
