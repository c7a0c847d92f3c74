"""Nearest neighbours among the rows of a file: exact where asked, aligned with the file, refused where damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from molvae.errors import DataError
from molvae.latent.index import Metric, VectorIndex, build_index
from molvae.latent.space import LatentSpace

pytest.importorskip("usearch")


@pytest.fixture(scope="session")
def library(space: LatentSpace, corpus: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 molecules as vectors, with a refused row between."""
    folder = tmp_path_factory.mktemp("library")
    rows = [f"{smiles} molecule\t{i}" for i, smiles in enumerate(corpus)]
    (folder / "library.smi").write_text("\n".join([*rows[:5], "C1CC open", *rows[5:]]) + "\n")
    space.encode_file(folder / "library.smi", folder / "library.npz")
    return folder / "library.npz"


def test_every_row_finds_itself_and_keeps_its_row_and_name(
    space: LatentSpace, library: Path, corpus: list[str], tmp_path: Path
) -> None:
    index = space.index(library, tmp_path / "index")
    assert (len(index), index.card["rows"]) == (64, 65)
    found = space.nearest(corpus, index, 1)
    assert [matches[0].smiles for matches in found] == corpus
    assert [matches[0].row for matches in found] == [*range(1, 6), *range(7, 66)]
    assert [matches[0].position for matches in found] == [*range(5), *range(6, 65)]
    assert [matches[0].name for matches in found] == [f"molecule {i}" for i in range(64)]
    assert max(matches[0].distance for matches in found) < 0.01


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_an_exact_search_agrees_with_the_distances_themselves(metric: Metric, tmp_path: Path) -> None:
    z = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
    np.save(tmp_path / "z.npy", z)
    index = build_index(tmp_path / "z.npy", tmp_path / "index", metric=metric, threads=1)
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    distance = np.linalg.norm(z[:, None] - z[:20], axis=2) if metric == "l2" else 1 - unit @ unit[:20].T
    for query, matches in enumerate(index.search(z[:20], 10, exact=True)):
        expected = np.argsort(distance[:, query])[:10]
        assert [match.distance for match in matches] == pytest.approx(distance[expected, query].tolist(), abs=5e-3)
        assert len({match.position for match in matches} & set(expected.tolist())) >= 9  # half precision may swap two
    assert index.recall(queries=50) > 0.95


def test_refused_queries_have_no_matches(space: LatentSpace, library: Path, tmp_path: Path) -> None:
    index = space.index(library, tmp_path / "index")
    assert [len(matches) for matches in space.nearest(["CCO", "no molecule", "CCN"], index, 3)] == [3, 0, 3]
    assert space.nearest(["no molecule"], index) == [[]]
    assert len(space.nearest("CCO", index, 1_000)[0]) == 64


def test_an_index_is_built_again_only_when_the_file_or_the_metric_changes(
    space: LatentSpace, library: Path, tmp_path: Path
) -> None:
    place = tmp_path / "index"
    built: list[int] = []
    for rebuild, metric, expected in [(False, "l2", 65), (False, "l2", 0), (True, "l2", 65), (False, "cosine", 65)]:
        built.clear()
        space.index(library, place, metric=metric, rebuild=rebuild, progress=built.append)  # type: ignore[arg-type]
        assert sum(built) == expected


def test_what_is_no_index_is_refused(library: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no index"):
        VectorIndex(tmp_path)
    (tmp_path / "mine.txt").write_text("work")
    with pytest.raises(DataError, match="is no index"):
        build_index(library, tmp_path)
    index = build_index(library, tmp_path / "index")
    card = json.loads((index.folder / "index.json").read_text())
    (index.folder / "index.json").write_text(json.dumps(card | {"indexed": 63}))
    with pytest.raises(DataError, match="build it again"):
        VectorIndex(index.folder)
    (index.folder / "index.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        VectorIndex(index.folder)
    np.save(tmp_path / "nothing.npy", np.full((3, 4), np.nan, dtype=np.float32))
    with pytest.raises(DataError, match="no vectors"):
        build_index(tmp_path / "nothing.npy", tmp_path / "other")


def test_wrong_arguments_are_named(space: LatentSpace, library: Path, tmp_path: Path) -> None:
    index = space.index(library, tmp_path / "index")
    with pytest.raises(ValueError, match="shape"):
        index.search(np.zeros((1, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="at least 1"):
        index.search(np.zeros((1, 24), dtype=np.float32), 0)
    with pytest.raises(ValueError, match="metric"):
        build_index(library, tmp_path / "index", metric="l1")  # type: ignore[arg-type]
    np.save(tmp_path / "narrow.npy", np.zeros((3, 4), dtype=np.float32))
    with pytest.raises(DataError, match="another model"):
        space.index(tmp_path / "narrow.npy")
