"""One writer at a time: a second run that would write the same folder or file is refused while the first one lives.

The operating system holds the lock and takes it back when the process ends, however it ends, so a lock is never stale:
a lock file that a killed run left behind locks nothing.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from molvae.errors import InUseError

_log = logging.getLogger(__name__)


@contextmanager
def sole_writer(lock: Path, what: Path) -> Iterator[None]:
    """Hold the lock file `lock` inside a `with`, as the only one who writes `what`; the file is gone afterwards.

    Raises:
        InUseError: another process, or another thread of this one, writes `what`.
        OSError: the folder cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, sole_writer(Path(folder, ".lock"), Path(folder, "run")):
    ...     with sole_writer(Path(folder, ".lock"), Path("run")):
    ...         pass
    Traceback (most recent call last):
        ...
    molvae.errors.InUseError: run is being written by process ...: wait for it to end, or name another place
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _opened(lock, what) as stream:
        stream.truncate(0)
        about = {"process": os.getpid(), "machine": platform.node(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        stream.write(json.dumps(about))
        stream.flush()
        try:
            yield
        finally:
            with suppress(OSError):  # on Windows it cannot go while it is open; it locks nothing
                lock.unlink(missing_ok=True)


def _opened(lock: Path, what: Path) -> IO[str]:
    """Return the lock file, open and locked."""
    while True:
        stream = lock.open("a+", encoding="utf-8")
        try:
            _claim(stream)
            # Whoever held it before may have removed the file between our opening and our locking.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(stream.fileno()), lock.stat()):
                    return stream
        except BlockingIOError:
            with stream:
                raise InUseError(
                    f"{what} is being written by {_holder(stream)}: wait for it to end, or name another place"
                ) from None
        except BaseException:
            stream.close()
            raise
        stream.close()


def _claim(stream: IO[str]) -> None:
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except BlockingIOError:
        raise
    except PermissionError as err:  # what Windows says where another holds it
        raise BlockingIOError from err
    except OSError as err:  # a file system without locks
        _log.warning("%s cannot be locked (%s): see to it yourself that no second run writes there", stream.name, err)


def _holder(stream: IO[str]) -> str:
    try:
        stream.seek(0)
        about = json.loads(stream.read(1_000))
        return f"process {int(about['process'])} on {about['machine']!s:.80} since {about['since']!s:.30}"
    except (ValueError, KeyError, TypeError, OSError):
        return "another run"
