from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.datasets.batches import BucketedBatches, batches_in_length_order, collate
from molvae.datasets.shards import TokenShard
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN, PAD_TOKEN

LENGTHS = np.random.default_rng(0).integers(20, 60, size=5_000)


def batches(**changes: int) -> BucketedBatches:
    settings = {"batch_size": 64, "seed": 0} | changes
    return BucketedBatches(LENGTHS, np.arange(len(LENGTHS)), batch_size=settings["batch_size"], seed=settings["seed"])


def test_the_batch_of_a_step_does_not_depend_on_the_steps_before() -> None:
    straight = batches()
    expected = [straight.batch(step) for step in range(200)]
    for step in (199, 3, 100, 3, 0):
        np.testing.assert_array_equal(batches().batch(step), expected[step])
        np.testing.assert_array_equal(straight.batch(step), expected[step])


def test_an_epoch_sees_each_molecule_at_most_once_and_all_but_a_rest() -> None:
    plan = batches()
    seen = np.concatenate([plan.batch(step) for step in range(plan.steps_per_epoch)])
    assert len(np.unique(seen)) == len(seen) == len(LENGTHS) // 64 * 64
    following = np.concatenate([plan.batch(step + plan.steps_per_epoch) for step in range(plan.steps_per_epoch)])
    assert set(range(len(LENGTHS))) == {*seen.tolist(), *following.tolist()}  # the rest differs


def test_epochs_and_seeds_differ() -> None:
    plan = batches()
    assert not np.array_equal(plan.batch(0), plan.batch(plan.steps_per_epoch))
    assert not np.array_equal(plan.batch(0), batches(seed=1).batch(0))


def test_hardly_a_token_is_padding() -> None:
    lengths = np.random.default_rng(1).integers(20, 60, size=50_000)
    plan = BucketedBatches(lengths, np.arange(len(lengths)), batch_size=64, seed=0)
    batch_lengths = [lengths[plan.batch(step)] for step in range(plan.steps_per_epoch)]
    padding = sum(int((each.max() - each).sum()) for each in batch_lengths)
    assert padding / lengths.sum() < 0.003


def test_batches_come_in_no_order_of_length() -> None:
    plan = batches()
    longest = [LENGTHS[plan.batch(step)].max() for step in range(plan.steps_per_epoch)]
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.5


def test_an_epoch_holds_each_molecule_as_often_as_its_weight_says() -> None:
    weights = np.random.default_rng(2).uniform(0.3, 4.0, size=len(LENGTHS))
    plan = BucketedBatches(LENGTHS, np.arange(len(LENGTHS)), batch_size=50, seed=0, weights=weights)
    seen = np.concatenate([plan.batch(step) for step in range(plan.steps_per_epoch)])
    assert len(seen) == pytest.approx(weights.sum(), rel=0.01)
    counts = np.bincount(seen, minlength=len(LENGTHS))
    exact = weights * len(seen) / weights.sum()
    assert ((counts >= np.floor(exact)) & (counts <= np.ceil(exact))).all()
    with pytest.raises(ValueError, match="weights must be one positive number"):
        BucketedBatches(LENGTHS, np.arange(len(LENGTHS)), batch_size=50, seed=0, weights=0 * weights)


@given(world_size=st.sampled_from([1, 2, 4, 8]), step=st.integers(0, 500))
def test_processes_share_a_batch_without_overlap(world_size: int, step: int) -> None:
    whole = batches().batch(step)
    shares = [batches().batch(step, rank=rank, world_size=world_size) for rank in range(world_size)]
    assert {len(share) for share in shares} == {64 // world_size}
    assert sorted(np.concatenate(shares)) == sorted(whole)


def test_a_subset_of_a_shard_gives_rows_of_that_subset() -> None:
    indices = np.arange(0, len(LENGTHS), 7)
    plan = BucketedBatches(LENGTHS, indices, batch_size=32, seed=0)
    assert set(plan.batch(5).tolist()) <= set(indices.tolist())


def test_fewer_molecules_than_a_batch_are_one_batch() -> None:
    plan = BucketedBatches(np.array([4, 2, 9]), np.arange(3), batch_size=64, seed=0)
    assert (plan.batch_size, plan.steps_per_epoch) == (3, 1)
    assert sorted(plan.batch(11)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("indices", "batch_size", "seed", "message"),
    [
        ([], 1, 0, "at least one row"),
        ([0, 5_000], 1, 0, "from 0 to 4999"),
        ([-1], 1, 0, "from 0 to 4999"),
        ([0], 0, 0, "batch_size"),
        ([0], 1, -1, "seed"),
    ],
)
def test_what_cannot_be_batched_is_refused(indices: list[int], batch_size: int, seed: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BucketedBatches(LENGTHS, np.array(indices, dtype=np.int64), batch_size=batch_size, seed=seed)


def test_a_batch_that_cannot_be_divided_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of the 3 processes"):
        batches().batch(0, rank=0, world_size=3)
    with pytest.raises(ValueError, match="rank"):
        batches().batch(0, rank=2, world_size=2)
    with pytest.raises(ValueError, match="step"):
        batches().batch(-1)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 50))
def test_length_order_visits_each_row_once(lengths: list[int], batch_size: int) -> None:
    rows = list(batches_in_length_order(np.array(lengths), np.arange(len(lengths)), batch_size=batch_size))
    visited = np.concatenate(rows)
    assert sorted(visited) == list(range(len(lengths)))
    assert np.all(np.diff(np.array(lengths)[visited]) >= 0)
    assert all(len(batch) == batch_size for batch in rows[:-1])


def test_collate_is_begin_symbols_end_padding(alkanes: TokenShard) -> None:
    rows = np.array([2, 1, 0])
    batch = collate(alkanes, rows)
    assert batch.tokens.shape == (9, 3)
    assert batch.tokens.dtype == batch.lengths.dtype == np.int64
    assert batch.lengths.tolist() == [9, 3, 5]
    for column, row in enumerate(rows):
        expected = [BOS_TOKEN, *alkanes.tokens_of(row).tolist(), EOS_TOKEN]
        expected += [PAD_TOKEN] * (9 - len(expected))
        assert batch.tokens[:, column].tolist() == expected


def test_collate_refuses_rows_outside_the_shard(alkanes: TokenShard) -> None:
    for rows in ([], [12], [-1]):
        with pytest.raises(ValueError, match="indices"):
            collate(alkanes, np.array(rows, dtype=np.int64))
