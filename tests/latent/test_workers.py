"""Worker processes with their own copy of the model give the rows that one process gives, and leave nothing behind."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from molvae.chem.reasons import Reason
from molvae.latent.space import LatentSpace
from molvae.latent.workers import ModelCopy, SharedModel, _Decode, decode_in_workers, encode_in_workers
from molvae.model.generation import BATCH_ROWS, Sampling


@pytest.fixture(scope="module")
def rows(corpus: list[str]) -> list[object]:
    """Three chunks of molecules, with refused rows in each."""
    return [*corpus, "C1CC", None] * (3 * BATCH_ROWS // (len(corpus) + 2))


def copy_of(space: LatentSpace) -> ModelCopy:
    network = space.pipeline.network
    return ModelCopy(space.pipeline.model.folder, network.precision, network.max_symbols)


def test_rows_are_those_of_one_process(space: LatentSpace, rows: list[object]) -> None:
    encodings = list(encode_in_workers(copy_of(space), rows, workers=2))
    assert len(encodings) == -(-len(rows) // BATCH_ROWS)
    whole = space.encode(rows)
    np.testing.assert_array_equal(np.concatenate([part.mean for part in encodings]), whole.mean)
    np.testing.assert_array_equal(np.concatenate([part.log_var for part in encodings]), whole.log_var)
    for field in ("smiles", "status", "detail", "notes"):
        assert sum((getattr(part, field) for part in encodings), ()) == getattr(whole, field)


def test_points_draw_from_their_own_number(space: LatentSpace, rows: list[object]) -> None:
    z = np.nan_to_num(space.encode(rows).mean)
    sampling = Sampling(temperature=1.0)
    pooled = list(decode_in_workers(copy_of(space), enumerate(z, start=5), sampling, 9, keep=None, workers=2))
    alone = list(space.pipeline.decode([z], many=False, sampling=sampling, seed=9, numbers=range(5, 5 + len(z))))
    assert list(map(str, pooled)) == list(map(str, alone))  # a refusal is what it says


def test_a_point_whose_process_dies_is_refused_as_crashed(space: LatentSpace) -> None:
    assert _Decode(copy_of(space), Sampling(), 0, None).lost().code == Reason.CRASHED


def test_the_copy_of_the_model_goes_with_the_space(space: LatentSpace) -> None:
    model = SharedModel(space.checkpoint)
    folder = Path(model.folder)
    assert LatentSpace.load(folder).checkpoint.weights_sha256 == space.checkpoint.weights_sha256
    assert model.folder == str(folder)
    del model
    gc.collect()
    assert not folder.exists()
