from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from molvae.datasets.files import atomic_folder, atomic_path, file_sha256


def test_a_file_appears_whole_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.csv"
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".csv"
        assert temporary.parent == path.parent
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_device_is_written_to_and_not_replaced() -> None:
    with atomic_path("/dev/null") as path:
        assert path == Path("/dev/null")
        path.write_text("gone")
    assert Path("/dev/null").is_char_device()


def test_a_link_leads_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def write() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    code = """
import os, signal, sys
from molvae.datasets.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_a_folder_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "shard"
    for text in ("first", "second"):
        with atomic_folder(path) as temporary:
            (temporary / text).write_text(text)
        assert [entry.name for entry in path.iterdir()] == [text]
        assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "shard"
    path.mkdir()
    (path / "second").write_text("second")

    def write() -> None:
        with atomic_folder(path) as temporary:
            (temporary / "third").write_text("third")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write()
    assert [entry.name for entry in path.iterdir()] == ["second"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_left_by_a_dead_process_of_the_same_number_does_not_mix_in(tmp_path: Path) -> None:
    left = tmp_path / f".tmp-{os.getpid()}-shard"
    left.mkdir()
    (left / "stale").write_text("stale")
    with atomic_folder(tmp_path / "shard") as temporary:
        (temporary / "fresh").write_text("fresh")
    assert [entry.name for entry in (tmp_path / "shard").iterdir()] == ["fresh"]


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()
