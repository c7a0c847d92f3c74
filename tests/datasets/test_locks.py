"""One writer at a time, and none is kept out by one that is gone."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from molvae.datasets.locks import sole_writer
from molvae.errors import InUseError

HOLDER = """
import sys, time
from pathlib import Path
from molvae.datasets.locks import sole_writer

with sole_writer(Path(sys.argv[1]), Path("the run")):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "new" / ".lock"


def is_free(lock: Path) -> bool:
    try:
        with sole_writer(lock, Path("run")):
            return True
    except InUseError:
        return False


def test_a_second_writer_is_refused_until_the_first_is_done(lock: Path) -> None:
    with sole_writer(lock, Path("run")):
        with pytest.raises(InUseError, match=rf"^run is being written by process {os.getpid()} on .* since \d{{4}}-"):
            sole_writer(lock, Path("run")).__enter__()
        assert not is_free(lock)
    assert not lock.exists()
    assert is_free(lock)


def test_a_writer_that_fails_gives_its_lock_back(lock: Path) -> None:
    with pytest.raises(ZeroDivisionError), sole_writer(lock, Path("run")):
        _ = 1 / 0
    assert is_free(lock)


def test_the_lock_of_a_killed_process_is_none(lock: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InUseError, match=f"by process {process.pid} "):
            sole_writer(lock, Path("run")).__enter__()
        process.send_signal(signal.SIGKILL)
    assert lock.exists()
    assert is_free(lock)


def test_whatever_stands_in_a_lock_file_it_is_taken_or_refused(lock: Path) -> None:
    lock.parent.mkdir()
    for text in ("", "{", "[]", '{"process": "x"}', "\0" * 5_000):
        lock.write_text(text)
        assert is_free(lock)
        with sole_writer(lock, Path("run")):
            lock.write_text(text)
            with pytest.raises(InUseError, match="by another run"):
                sole_writer(lock, Path("run")).__enter__()


def test_of_many_threads_one_writes_at_a_time(lock: Path) -> None:
    inside, most, refused = 0, 0, 0

    def work() -> None:
        nonlocal inside, most, refused
        for _ in range(200):
            try:
                with sole_writer(lock, Path("run")):
                    inside += 1
                    most = max(most, inside)
                    inside -= 1
            except InUseError:
                refused += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)
    assert is_free(lock)


def test_a_file_system_without_locks_is_told_of(
    lock: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with caplog.at_level(logging.WARNING):
        assert is_free(lock)
    assert "cannot be locked (no locks available)" in caplog.text
