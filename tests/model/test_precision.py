"""bf16 is used where it is in hardware, and asked-for precisions are taken literally."""

from __future__ import annotations

import pytest
import torch

from molvae.errors import ConfigError
from molvae.model.precision import autocast, bf16_supported, resolve_precision


def test_auto_follows_the_processor() -> None:
    assert resolve_precision("auto") == (torch.bfloat16 if bf16_supported() else torch.float32)
    assert resolve_precision("bf16") == torch.bfloat16
    assert resolve_precision("fp32") == torch.float32
    assert not bf16_supported("meta")


def test_autocast_changes_products_and_nothing_else() -> None:
    x = torch.ones(2, 2)
    with autocast(torch.bfloat16):
        assert (x @ x).dtype == torch.bfloat16
        assert (x + x).dtype == torch.float32
    with autocast(torch.float32):
        assert (x @ x).dtype == torch.float32


def test_an_unknown_precision_is_named() -> None:
    with pytest.raises(ConfigError, match="precision must be 'auto', 'bf16' or 'fp32', got 'half'"):
        resolve_precision("half")  # type: ignore[arg-type]
