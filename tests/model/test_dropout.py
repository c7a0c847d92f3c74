"""Dropout keeps the mean, drops the share it says, and touches no global state."""

from __future__ import annotations

import pytest
import torch

from molvae.model.dropout import dropout, word_dropout


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    table = torch.ones(400, 500)
    dropped = dropout(table, 0.3, torch.Generator().manual_seed(0))
    assert (dropped == 0).float().mean() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean() == pytest.approx(1.0, abs=0.01)


def test_word_dropout_pads_its_share_of_positions() -> None:
    tokens = torch.full((300, 400), 7)
    dropped = word_dropout(tokens, 0.2, torch.Generator().manual_seed(0))
    assert set(dropped.unique().tolist()) == {0, 7}
    assert (dropped == 0).float().mean() == pytest.approx(0.2, abs=0.01)


def test_a_rate_of_zero_returns_its_argument() -> None:
    table, tokens = torch.ones(2, 2), torch.ones(2, 2, dtype=torch.int64)
    assert dropout(table, 0.0, None) is table
    assert word_dropout(tokens, 0.0, None) is tokens
