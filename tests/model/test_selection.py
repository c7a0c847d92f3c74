"""A molecule is kept in proportion to how much more often such molecules are real than written, up to a ceiling."""

from __future__ import annotations

import math

import pytest
import torch

from molvae.model.null_latent import NullLatent
from molvae.model.priors import build_prior, prior_shapes
from molvae.model.selection import MOST, Selection


def test_the_share_is_the_ratio_of_the_densities_up_to_its_ceiling() -> None:
    selection = Selection(torch.tensor([1.0, -2.0, 0.5]), -1.5)
    assert selection.share({1: 1}) == pytest.approx(math.exp(-3.5))
    assert selection.share({0: 1, 2: 1}) == 1.0  # the sum is just at the ceiling
    assert selection.share({0: 3}) == 1.0
    assert selection.share({}) == pytest.approx(math.exp(-1.5))


def test_an_environment_counts_up_to_a_limit() -> None:
    selection = Selection(torch.tensor([-0.1]), 0.0)
    assert selection.share({0: MOST}) == selection.share({0: 100}) < selection.share({0: MOST - 1})


def test_without_weights_all_canonical_strings_are_kept() -> None:
    assert not Selection.of_canonical().judges
    assert Selection(torch.tensor([0.0, 1.0]), 0.0).judges


def test_numbers_that_are_none_are_refused() -> None:
    for weights, offset in ((torch.tensor([torch.nan]), 0.0), (torch.zeros(0), 0.0), (torch.zeros(2), math.inf)):
        with pytest.raises(ValueError, match="weights must be finite numbers"):
            Selection(weights, offset)


@pytest.mark.parametrize("odd", [[-0.1], [1.1], [math.nan], [[0.5]]])
def test_shares_that_are_none_are_refused(odd: list[float]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        Selection(torch.zeros(1), 0.0, torch.tensor(odd))


@pytest.mark.parametrize("odd", [None, torch.tensor([0.5, 1.0, 0.0])])
def test_a_selection_is_rebuilt_with_its_prior(odd: torch.Tensor | None) -> None:
    prior = NullLatent(torch.zeros(1, 3), torch.ones(1), 0.9, Selection(torch.randn(32), -0.25, odd))
    shapes = prior_shapes("null-latent", 3, prior.sizes())
    assert {name: tuple(tensor.shape) for name, tensor in prior.tensors().items()} == shapes
    again = build_prior("null-latent", 3, prior.tensors())
    assert isinstance(again, NullLatent)
    assert again.selection is not None
    assert prior.selection is not None
    for environments in ({0: 1, 7: 2}, {31: 4}):
        assert again.selection.share(environments) == prior.selection.share(environments)
    assert again.selection.odd.tolist() == prior.selection.odd.tolist()
    assert again.selection.minds_oddities == (odd is not None)
    assert prior.selecting(None).selection is None
