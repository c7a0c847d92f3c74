"""Files and folders that are either whole or absent, whatever moment the process is killed at."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

_BLOCK = 1 << 20


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place when the block ends without an error.

    The file is on the disk before it is renamed, and the folder entry after. The temporary name keeps the suffixes
    of `path`, so that writers that choose a format by suffix choose the same one. A link stays a link to the new
    file; a device or pipe, such as `/dev/null`, is yielded itself.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "numbers.txt") as temporary:
    ...         _ = temporary.write_text("1 2 3")
    ...     [entry.name for entry in Path(folder).iterdir()]
    ['numbers.txt']
    """
    if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
        yield Path(path)
        return
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_beside(path)
    try:
        yield temporary
        _sync_file(temporary)
        os.replace(temporary, path)
    except BaseException as err:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        _name(err, path)
        raise
    _sync_folder(path.parent)


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Yield a new temporary folder beside `path` that takes its place when the block ends without an error.

    A folder that is at `path` already is removed, after the new one is complete.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_beside(path)
    shutil.rmtree(temporary, ignore_errors=True)  # left by a killed process that had this process's number
    temporary.mkdir()
    try:
        yield temporary
        for entry in temporary.rglob("*"):
            if entry.is_file():
                _sync_file(entry)
        _sync_folder(temporary)
        old = path.with_name(f".old-{os.getpid()}-{path.name}")
        if path.exists():  # a folder can only be renamed onto an empty one
            os.replace(path, old)
        os.replace(temporary, path)
    except BaseException as err:
        shutil.rmtree(temporary, ignore_errors=True)
        _name(err, path)
        raise
    _sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def remove_leftovers(path: Path | str) -> None:
    """Remove what killed writers of `path` left beside it; only for who is the only writer (`datasets.locks`)."""
    path = Path(path)
    for entry in [*path.parent.glob(f".tmp-*-{escape(path.name)}"), *path.parent.glob(f".old-*-{escape(path.name)}")]:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def file_sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _name(error: BaseException, path: Path) -> None:
    """Say in an error of writing which file it was: of a full disk, Python only says that it is full."""
    if isinstance(error, OSError) and error.errno is not None and error.filename is None:
        error.filename = str(path)


def _temporary_beside(path: Path) -> Path:
    return path.with_name(f".tmp-{os.getpid()}-{path.name}")


def _sync_file(path: Path) -> None:
    with open(path, "r+b") as stream:
        os.fsync(stream.fileno())


def _sync_folder(path: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder, and renames there are journalled
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
