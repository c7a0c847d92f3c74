"""Reading what a stranger may have written: plain files of a bounded size, strict JSON, safetensors headers.

A header is compared with what its model must hold before a tensor is made, so a file that claims a billion numbers
costs no memory.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from molvae.errors import CheckpointError

MAX_HEADER_BYTES = 1_000_000
Shape = tuple[int, ...]


def read_plain(path: Path, limit: int) -> bytes:
    """Return the bytes of a file that is no link and not larger than `limit` bytes.

    Raises:
        CheckpointError: another kind of file, none, or a larger one.
    """
    if path.is_symlink() or not path.is_file():
        raise CheckpointError(f"{path} must be a plain file, " + ("not a link" if path.is_symlink() else "none found"))
    if (size := path.stat().st_size) > limit:
        raise CheckpointError(f"{path} has {size:,} bytes, more than the {limit:,} that its model can need")
    return path.read_bytes()


def read_json(path: Path, limit: int) -> dict[str, Any]:
    """Return the JSON object in a file; no NaN, no key twice, not too deep.

    Raises:
        CheckpointError: not such a file.
    """
    raw = read_plain(path, limit)
    try:
        card = json.loads(raw, parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as err:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise CheckpointError(f"{path} is not JSON that molvae wrote: {err}") from err
    if not isinstance(card, dict):
        raise CheckpointError(f"{path} must hold a JSON object, got {type(card).__name__}")
    return card


def check_header(path: Path, raw: bytes, expected: Mapping[str, tuple[Shape, tuple[str, ...]]]) -> None:
    """Compare names, shapes and types in the header of a safetensors file with what its model must hold.

    `expected` has for each name the shape and the types that are taken, as safetensors calls them.

    Raises:
        CheckpointError: truncated, damaged, or not what is expected.
    """
    if len(raw) < 8 or (size := struct.unpack("<Q", raw[:8])[0]) > min(MAX_HEADER_BYTES, len(raw) - 8):
        raise CheckpointError(f"{path} is truncated or has an oversized header")
    try:
        header = json.loads(raw[8 : 8 + size])
        found = {name: (tuple(entry["shape"]), entry["dtype"]) for name, entry in header.items() if name[:2] != "__"}
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as err:
        raise CheckpointError(f"{path} has a damaged header: {err}") from err
    if wrong := sorted(set(found) ^ set(expected)):
        raise CheckpointError(f"{path} lacks or adds the tensor {wrong[0][:80]!r}")
    for name, (shape, dtype) in found.items():
        wanted, dtypes = expected[name]
        if shape != wanted:
            raise CheckpointError(f"{path}: tensor {name!r} must have shape {wanted}, got {shape}")
        if dtype not in dtypes:
            rule = " or ".join(filter(None, (", ".join(dtypes[:-1]), dtypes[-1])))
            raise CheckpointError(f"{path}: tensor {name!r} must be {rule}, got {str(dtype)[:20]!r}")


def size_of(shape: Shape) -> int:
    """Return how many numbers a tensor of this shape holds."""
    return math.prod(shape)


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"the number {constant} is not JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(mapping := dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return mapping
