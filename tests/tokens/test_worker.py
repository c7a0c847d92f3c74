"""One worker process: it answers, or says why not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from molvae.tokens.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.end()


def test_a_message_that_cannot_be_read_has_an_empty_answer(worker: Worker) -> None:
    assert worker.ask(b"no pickle") == b""
    assert worker.ask(b"") == b""


def test_a_worker_that_was_killed_is_replaced(worker: Worker) -> None:
    worker.ask(b"")
    worker.kill()
    try:  # the message may find the process dying
        worker.ask(b"")
    except EOFError:
        worker.end()
    assert worker.ask(b"") == b""


def test_an_interpreter_that_is_missing_is_an_error(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(BrokenProcessPool, match=r"cannot be started: .*/nowhere/python"):
        worker.ask(b"")


def test_a_process_that_ends_at_once_is_an_error(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nexit 3\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with pytest.raises(BrokenProcessPool, match="exit code 3 before it began"):
        worker.ask(b"")
