from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.datasets.splits import group_split, random_split, scaffold_split


@given(st.integers(0, 300), st.sampled_from([(1.0,), (0.8, 0.2), (0.7, 0.1, 0.2), (1.0, 0.0)]), st.integers(0, 9))
def test_random_parts_cover_all_rows_once(count: int, fractions: tuple[float, ...], seed: int) -> None:
    parts = random_split(count, fractions, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(count))
    assert all(abs(len(part) - share * count) <= 1 for part, share in zip(parts, fractions, strict=True))
    assert all(np.all(np.diff(part) > 0) for part in parts)


def test_the_seed_decides_and_global_state_does_not() -> None:
    before = str(np.random.get_state())  # noqa: NPY002 - the state that must stay as it is
    one, again, other = (random_split(100, (0.5, 0.5), seed=seed)[0].tolist() for seed in (0, 0, 1))
    assert one == again != other
    assert str(np.random.get_state()) == before  # noqa: NPY002


@given(st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=60), st.integers(0, 5))
def test_groups_never_straddle(groups: list[str], seed: int) -> None:
    parts = group_split(groups, (0.6, 0.2, 0.2), seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    homes = Counter(group for part in parts for group in {groups[row] for row in part} if group)
    assert all(count == 1 for count in homes.values())


def test_scaffolds_of_real_molecules_are_in_one_part_of_about_the_right_size(wehi_smiles: list[str]) -> None:
    from molvae.chem.scaffolds import murcko_scaffold

    smiles = wehi_smiles[:600]
    train, test = scaffold_split(smiles, (0.8, 0.2), seed=0)
    assert abs(len(test) - 120) <= 3
    scaffolds = [{murcko_scaffold(smiles[row]) for row in part} - {""} for part in (train, test)]
    assert scaffolds[0].isdisjoint(scaffolds[1])
    assert scaffold_split(smiles, (0.8, 0.2), seed=1)[1].tolist() != test.tolist()


@pytest.mark.parametrize("fractions", [(), (0.5, 0.4), (1.2, -0.2), (float("nan"), 0.5)])
def test_fractions_must_be_shares(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="fractions"):
        random_split(10, fractions, seed=0)
    with pytest.raises(ValueError, match="fractions"):
        group_split(["a"], fractions, seed=0)
