"""A worker process: it answers one message after the other, and ends with the process that started it.

It shares no pipe and no lock with another one, so whenever it is killed, the one who waits for its answer learns of it.
A terminal sends Ctrl-C to all processes of its session: the worker lives in one of its own and is not interrupted. Its
standard input ends when the parent does, killed or not, and then it ends too.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from typing import IO

_IDLE_SECONDS = 300  # after which a worker gives its memory back; the next message starts another
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Worker:
    """A process, started when it is needed, that does work on rows; used by one thread, but killed by any."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, message: bytes) -> bytes:
        """Return the answer to pickled work and rows: the packed results, pickled; empty where that fails.

        Raises:
            EOFError: the process died of it, or was killed.
            BrokenProcessPool: no process begins.
        """
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = _start()
            try:
                _exchange(self._process, b"")
            except EOFError:
                if (code := self._process.wait()) < 0:
                    raise
                why = f"a worker process ended with exit code {code} before it began; see what it wrote to stderr"
                raise BrokenProcessPool(why) from None
        return _exchange(self._process, message)

    def kill(self) -> None:
        """End the process at once."""
        if process := self._process:
            process.kill()

    def end(self) -> None:
        """End the process and close its pipes, from the thread that asks."""
        if process := self._process:
            with process:
                process.kill()
            self._process = None


def _start() -> subprocess.Popen[bytes]:
    path = [str(folder) for folder in sys.path]
    code = f"import sys; sys.path[:] = {path}; from {__name__} import answer_parent; answer_parent()"
    try:
        return subprocess.Popen(
            [sys.executable, "-c", code],
            bufsize=0,  # a buffer has a lock, and a thread that holds it when Python exits makes that fail
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | _ONE_THREAD,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # what Windows has instead
        )
    except OSError as err:
        raise BrokenProcessPool(f"a worker process cannot be started: {err}") from err


def _exchange(process: subprocess.Popen[bytes], message: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _write(process.stdin, message)
    except OSError as err:
        raise EOFError from err
    return _read(process.stdout)


def answer_parent() -> None:
    """Answer the messages on standard input until it ends: the life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for whoever sends it to each process by itself
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # what a library prints does not belong among the answers
    messages: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(messages,), daemon=True).start()
    with contextlib.suppress(queue.Empty, OSError):
        while True:
            _write(answers, _answer(messages.get(timeout=_IDLE_SECONDS)))
    os._exit(0)


def _listen(messages: SimpleQueue[bytes]) -> None:
    with open(0, "rb", buffering=0) as stream, contextlib.suppress(EOFError):
        while True:
            messages.put(_read(stream))
    os._exit(1)  # the parent is gone; sys.exit would end this thread only


def _answer(message: bytes) -> bytes:
    try:
        work, rows = ForkingPickler.loads(message)
        return bytes(ForkingPickler.dumps(work.pack(work.run(rows))))
    except Exception:  # noqa: BLE001 - the parent does it again, which raises it there
        return b""


def _write(stream: IO[bytes], message: bytes) -> None:
    left = memoryview(len(message).to_bytes(8) + message)
    while left:
        left = left[stream.write(left) :]


def _read(stream: IO[bytes]) -> bytes:
    return _exactly(stream, int.from_bytes(_exactly(stream, 8)))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """Return the next bytes of an unbuffered stream, which gives some of them at a time."""
    data = bytearray()
    while len(data) < size:
        if not (part := stream.read(min(size - len(data), 1 << 20))):
            raise EOFError
        data += part
    return bytes(data)
