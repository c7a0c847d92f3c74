"""Two models with other constraints, vocabularies and widths, used by many threads, do not disturb each other."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import selfies
import torch

from molvae.latent.space import LatentSpace
from molvae.latent.workers import SharedModel
from molvae.model.vae import build_vae
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints

SULFONE = "CS(C)(=O)=O"


@pytest.fixture(scope="module")
def other(space: LatentSpace) -> LatentSpace:
    """Another model, whose sulfur has two bonds."""
    config = dataclasses.replace(space.checkpoint.config, latent_dim=8, decoder_hidden_dim=32)
    vocabulary = space.checkpoint.vocabulary.extended(["[Cl-1]", "[=S]"])
    octet = Constraints.from_mapping(DEFAULT_CONSTRAINTS.as_dict() | {"S": 2})
    vae = build_vae(config, vocabulary_size=len(vocabulary), generator=torch.Generator().manual_seed(5)).eval()
    checkpoint = dataclasses.replace(
        space.checkpoint, vae=vae, config=config, vocabulary=vocabulary, constraints=octet, priors={}
    )
    return LatentSpace(checkpoint, threads=1, workers=1)


@pytest.fixture
def impatient() -> Iterator[None]:
    """Let threads take turns a thousand times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def work(space: LatentSpace, corpus: list[str]) -> tuple[object, ...]:
    encoding = space.encode([*corpus[:20], SULFONE, "c1ccc(cc1)S(=O)(=O)N", "C1CC", None])
    z = np.nan_to_num(encoding.mean)
    drawn = space.decode(z, temperature=1.0, seed=3)
    return encoding.mean.tobytes(), encoding.status, encoding.smiles, drawn, space.decode(z), space.sample(8, seed=2)


def in_threads(functions: list[Callable[[], object]]) -> list[object]:
    found: list[object] = [None] * len(functions)
    start = threading.Barrier(len(functions))

    def run(index: int) -> None:
        start.wait()
        found[index] = functions[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.usefixtures("impatient")
def test_threads_with_two_models_find_what_each_finds_alone(
    space: LatentSpace, other: LatentSpace, corpus: list[str]
) -> None:
    users_own = selfies.get_semantic_constraints()
    alone = [work(space, corpus), work(other, corpus)]
    assert alone[0][1] != alone[1][1], "the constraints make a difference"
    together = in_threads([lambda: work(space, corpus), lambda: work(other, corpus)] * 3)
    assert together == alone * 3
    assert selfies.get_semantic_constraints() == users_own


def test_threads_that_ask_for_the_copy_of_a_model_find_it_whole(space: LatentSpace) -> None:
    for _ in range(5):
        model = SharedModel(space.checkpoint)
        sums = in_threads([lambda model=model: LatentSpace.load(model.folder).checkpoint.weights_sha256] * 4)  # type: ignore[misc]
        assert sums == [space.checkpoint.weights_sha256] * 4
