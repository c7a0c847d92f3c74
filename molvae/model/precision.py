"""Which precision the matrix products run in, decided by what the device really has."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal, get_args

import torch

from molvae.settings import require

Precision = Literal["auto", "bf16", "fp32"]


def bf16_supported(device: torch.device | str = "cpu") -> bool:
    """Tell whether the device multiplies bf16 matrices in hardware; emulated, they are slower than single precision."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu":
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False  # no Linux: Apple's and Windows' CPU builds of torch have no fast bf16 products
    words = flags[:20_000].split()
    return any(flag in words for flag in ("avx512_bf16", "amx_bf16", "bf16"))


def resolve_precision(precision: Precision, device: torch.device | str = "cpu") -> torch.dtype:
    """Return `torch.bfloat16` or `torch.float32` for a request; "auto" takes bf16 where the device has it."""
    require(precision in get_args(Precision), "precision", "'auto', 'bf16' or 'fp32'", precision)
    use_bf16 = precision == "bf16" or (precision == "auto" and bf16_supported(device))
    return torch.bfloat16 if use_bf16 else torch.float32


def autocast(dtype: torch.dtype, device: torch.device | str = "cpu") -> contextlib.AbstractContextManager[object]:
    """Return a context in which matrix products run in `dtype`; weights, losses and sums stay in single precision."""
    if dtype == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, dtype)
