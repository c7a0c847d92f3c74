from __future__ import annotations

import hashlib
import logging
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from molvae.datasets.downloads import copy_from_archive, data_folder, download, download_wheel
from molvae.errors import DataError, MissingExtraError

CONTENT = b"smiles,logP\nCCO,-0.14\n" * 1_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves one file whole, cut off, oversized or not at all."""

    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.requests.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path == "/endless":
            self.wfile.write(CONTENT * 10)
        else:
            self.wfile.write(CONTENT[: 5_000 if self.path == "/broken" else None])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    Handler.requests.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_file_with_the_right_sum_is_kept_and_not_fetched_again(server: str, tmp_path: Path) -> None:
    path = tmp_path / "sets" / "zinc.csv"
    for _ in range(2):
        assert download(f"{server}/file", path, sha256=SHA256, max_bytes=len(CONTENT)) == path
    assert path.read_bytes() == CONTENT
    assert Handler.requests == ["/file"]
    path.write_bytes(b"damaged")
    download(f"{server}/file", path, sha256=SHA256, max_bytes=len(CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("page", "sha256", "max_bytes", "message"),
    [
        ("/file", "0" * 64, len(CONTENT), "SHA-256 differs"),
        ("/broken", SHA256, len(CONTENT), "cannot be fetched"),
        ("/missing", SHA256, len(CONTENT), "cannot be fetched.*404"),
        ("/endless", SHA256, len(CONTENT), "more than was announced"),
    ],
)
def test_what_is_not_the_file_expected_leaves_nothing_behind(
    server: str, tmp_path: Path, page: str, sha256: str, max_bytes: int, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        download(server + page, tmp_path / "zinc.csv", sha256=sha256, max_bytes=max_bytes)
    assert list(tmp_path.iterdir()) == []


def test_no_server_is_a_data_error(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--from"):
        download("http://127.0.0.1:9/file", tmp_path / "zinc.csv", sha256=SHA256, max_bytes=1)
    assert list(tmp_path.iterdir()) == []


def test_an_open_connection_needs_https(tmp_path: Path) -> None:
    for url in (
        "http://example.org/file",
        "ftp://example.org/file",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.org/",
    ):
        with pytest.raises(DataError, match="https"):
            download(url, tmp_path / "file", sha256=SHA256, max_bytes=1)


def test_a_download_says_nothing_and_leaves_logging_as_it_was(
    server: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import pooch

    before = pooch.get_logger().level
    download(f"{server}/file", tmp_path / "zinc.csv", sha256=SHA256, max_bytes=len(CONTENT))
    assert pooch.get_logger().level == before != logging.WARNING
    assert capfd.readouterr() == ("", "")


def test_without_pooch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"molvae\[data\]"):
        download("https://example.org/file", tmp_path / "file", sha256=SHA256, max_bytes=1)


def wheel_of(folder: Path, content: bytes = CONTENT) -> Path:
    path = folder / "molsets-0.3.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("moses/train.csv", content)
        archive.writestr("molsets-0.3.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: molsets\nVersion: 0.3.1\n")
        archive.writestr(
            "molsets-0.3.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("molsets-0.3.1.dist-info/RECORD", "")
    return path


@pytest.fixture
def local_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return wheel_of(folder)


def test_a_wheel_is_taken_only_with_its_pinned_sum(local_index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "got"
    folder.mkdir()
    with pytest.raises(DataError, match="SHA-256 differs"):
        download_wheel("molsets==0.3.1", sha256="0" * 64, folder=folder)
    assert list(folder.iterdir()) == []
    right = hashlib.sha256(local_index.read_bytes()).hexdigest()
    assert download_wheel("molsets==0.3.1", sha256=right, folder=folder).read_bytes() == local_index.read_bytes()
    with pytest.raises(DataError, match=r"pip cannot get molsets==9\.9"):
        download_wheel("molsets==9.9", sha256=right, folder=folder)


def test_members_are_copied_only_with_their_pinned_sums(tmp_path: Path) -> None:
    archive = wheel_of(tmp_path)
    target = tmp_path / "cache" / "train.csv"
    copy_from_archive(archive, {"moses/train.csv": target}, {"moses/train.csv": SHA256})
    assert target.read_bytes() == CONTENT
    other = wheel_of(tmp_path, b"other")
    with pytest.raises(DataError, match="SHA-256 differs"):
        copy_from_archive(other, {"moses/train.csv": target}, {"moses/train.csv": SHA256})
    assert target.read_bytes() == CONTENT
    with pytest.raises(DataError, match="not the archive expected"):
        copy_from_archive(other, {"moses/test.csv": target}, {"moses/test.csv": SHA256})
    (tmp_path / "text.whl").write_text("no archive")
    with pytest.raises(DataError, match="not the archive expected"):
        copy_from_archive(tmp_path / "text.whl", {"moses/train.csv": target}, {"moses/train.csv": SHA256})


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLVAE_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("MOLVAE_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert data_folder() == tmp_path / "cache" / "molvae"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_folder() == tmp_path / "local" / "molvae"
