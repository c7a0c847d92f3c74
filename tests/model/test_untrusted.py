from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from molvae.errors import CheckpointError
from molvae.model.untrusted import check_header, read_json, read_plain

EXPECTED = {"a": ((2, 3), ("F64",)), "b": ((4,), ("I32", "F32"))}


def test_a_header_is_what_is_expected_or_says_what_is_not(tmp_path: Path) -> None:
    good: dict[str, np.ndarray[Any, Any]] = {"a": np.zeros((2, 3)), "b": np.zeros(4, dtype=np.int32)}
    check_header(tmp_path, save(good), EXPECTED)
    for bad, message in (
        ({"a": good["a"]}, "lacks or adds the tensor 'b'"),
        ({**good, "c": good["b"]}, "lacks or adds the tensor 'c'"),
        ({**good, "a": np.zeros((3, 2))}, r"'a' must have shape \(2, 3\), got \(3, 2\)"),
        ({**good, "b": np.zeros(4)}, "'b' must be I32 or F32, got 'F64'"),
    ):
        with pytest.raises(CheckpointError, match=message):
            check_header(tmp_path, save(bad), EXPECTED)


def test_a_header_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    for raw in (b"", b"\xff" * 8, (10**6 + 1).to_bytes(8, "little") + b" " * 2_000_000, b"\x02" + bytes(7) + b"[]"):
        with pytest.raises(CheckpointError, match="header"):
            check_header(tmp_path, raw, {})


@pytest.mark.parametrize("text", ["", "[]", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000, '{"a": 1' + "0" * 5_000])
def test_json_that_molvae_never_wrote_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"card\.json"):
        read_json(tmp_path / "card.json", 1_000_000)


def test_links_folders_and_large_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_plain(tmp_path / "file", 5) == b"12345"
    for name, limit, message in (("file", 4, "more than"), ("link", 9, "not a link"), (".", 9, "plain file")):
        with pytest.raises(CheckpointError, match=message):
            read_plain(tmp_path / name, limit)
