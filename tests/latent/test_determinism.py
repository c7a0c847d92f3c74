"""One seed, one result: for any batch size, number of workers and threads, chunks, parts, shards and interruptions."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from molvae.latent import pipeline
from molvae.latent.files import decode_file, encode_file
from molvae.latent.space import LatentSpace
from molvae.model.generation import Sampling

WARM = Sampling(temperature=1.0, top_p=0.9)


@pytest.fixture(scope="module")
def points(space: LatentSpace) -> np.ndarray:
    return space.sample_latent(300, seed=4)


@pytest.fixture(scope="module")
def expected(space: LatentSpace, points: np.ndarray) -> list[str | None]:
    return space.decode(points, temperature=1.0, top_p=0.9, seed=7)


@pytest.fixture
def vectors(points: np.ndarray, tmp_path: Path) -> Path:
    np.save(tmp_path / "points.npy", points)
    return tmp_path / "points.npy"


def molecules_of(path: Path) -> list[str | None]:
    with path.open(newline="", encoding="utf-8") as stream:
        return [row["smiles"] or None for row in csv.DictReader(stream)]


def test_drawn_molecules_depend_on_the_seed(space: LatentSpace, points: np.ndarray, expected: list[str | None]) -> None:
    assert space.decode(points, temperature=1.0, top_p=0.9, seed=7) == expected
    assert space.decode(points, temperature=1.0, top_p=0.9, seed=8) != expected
    assert space.decode(points) != expected


@pytest.mark.parametrize("precision", ["fp32", "auto"])
def test_threads_and_workers_change_nothing(
    model: Path, points: np.ndarray, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    monkeypatch.setattr(pipeline, "POOL_FROM", 100)
    found = []
    for threads, workers in ((1, 1), (3, 1), (1, 2)):
        space = LatentSpace.load(model, threads=threads, workers=workers, precision=precision)  # type: ignore[arg-type]
        monkeypatch.setattr("molvae.latent.coder.POOL_FROM", 100)
        found.append((space.decode(points, temperature=1.0, seed=7), space.sample(150, seed=3, temperature=0.5)))
    assert found[0] == found[1] == found[2]


def test_files_give_what_memory_gives_however_they_are_cut(
    space: LatentSpace, vectors: Path, expected: list[str | None], tmp_path: Path
) -> None:
    for part_rows in (7, 64, 10_000):
        report = decode_file(space, vectors, tmp_path / "whole.csv", part_rows=part_rows, sampling=WARM, seed=7)
        assert report.read == len(expected)
        assert molecules_of(report.path) == expected
    for index in (1, 2, 3):
        report = decode_file(
            space, vectors, tmp_path / "some.csv", shard=f"{index}/3", part_rows=11, sampling=WARM, seed=7
        )
        assert molecules_of(report.path) == expected[index - 1 :: 3]


class Interruption(Exception):
    """What a progress function raises in the middle of a file."""


def after(rows: int) -> Callable[[int], None]:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if done > rows:
            raise Interruption

    return count


def test_an_interrupted_file_draws_the_same_molecules(
    space: LatentSpace, vectors: Path, expected: list[str | None], tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(Interruption):
        decode_file(space, vectors, out, part_rows=20, sampling=WARM, seed=7, progress=after(150))
    assert not out.exists()
    other = decode_file(space, vectors, tmp_path / "other.csv", part_rows=20, sampling=WARM, seed=8)
    assert other.resumed == 0
    report = decode_file(space, vectors, out, part_rows=20, sampling=WARM, seed=7)
    assert 100 <= report.resumed < 160
    assert molecules_of(out) == expected


def test_parts_of_another_seed_or_temperature_are_not_taken_over(
    space: LatentSpace, vectors: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    for sampling, seed in ((WARM, 8), (Sampling(temperature=0.9, top_p=0.9), 7), (Sampling(), 7)):
        with pytest.raises(Interruption):
            decode_file(space, vectors, out, part_rows=20, sampling=sampling, seed=seed, progress=after(100))
        assert decode_file(space, vectors, out, part_rows=20, sampling=WARM, seed=7).resumed == 0


@pytest.mark.parametrize("precision", ["fp32", "auto"])
def test_an_encoding_does_not_depend_on_its_company(
    space: LatentSpace, model: Path, corpus: list[str], tmp_path: Path, precision: str
) -> None:
    """Rows are padded to full batches of one width, so a row alone takes the same path as a row among others."""
    space = LatentSpace.load(model, threads=1, workers=1, precision=precision)  # type: ignore[arg-type]
    whole = space.encode(corpus)
    for part in (slice(0, 1), slice(3, 20), slice(None, None, -1)):
        np.testing.assert_allclose(space.encode(corpus[part]).mean, whole.mean[part], atol=1e-5)
    (tmp_path / "corpus.smi").write_text("\n".join(corpus) + "\n")
    means = []
    for part_rows in (5, 1_000):
        report = encode_file(space, tmp_path / "corpus.smi", tmp_path / "out.npz", part_rows=part_rows)
        with np.load(report.path) as stored:
            means.append(stored["mean"])
    np.testing.assert_array_equal(means[0], means[1])
    np.testing.assert_array_equal(means[0], whole.mean)


def test_the_network_of_another_thread_count_is_the_same_network(space: LatentSpace, points: np.ndarray) -> None:
    network = dataclasses.replace(space.pipeline.network, threads=3)
    assert network.sequences(points, WARM, seed=2) == space.pipeline.network.sequences(points, WARM, seed=2)
