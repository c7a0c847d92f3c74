"""`molvae explore` as a process: one line with the address, loopback only, Ctrl-C ends it; and in a browser."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def page(start_molvae: Callable[..., subprocess.Popen[str]], project_root: Path) -> Iterator[str]:
    """The address of a page that a process serves."""
    library = project_root / "data" / "drugs.csv"
    process = start_molvae("explore", library, "--no-browser", "--port", 0, "--max-molecules", 30, "--threads", 1)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.communicate(timeout=60)[1]
        yield url
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    finally:
        process.kill()
        process.wait()


def test_the_page_is_served_on_loopback_only(page: str) -> None:
    with urllib.request.urlopen(f"{page}api/atlas", timeout=60) as answer:
        assert len(json.load(answer)["points"]) == 30
    port = int(page.rstrip("/").rpartition(":")[2])
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
            socket.create_connection((str(address), port), timeout=5).close()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_the_page_works_in_a_browser(page: str, tmp_path: Path) -> None:
    address = f"{page}#smiles=CC(%3DO)Oc1ccccc1C(%3DO)O&end=CC(%3DO)Nc1ccc(O)cc1"
    command = [str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
               "--virtual-time-budget=120000", "--dump-dom", address]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
    assert 'data-ready="yes"' in dom
    assert dom.count('class="dot"') == 30
    assert 'data-smiles="CC(=O)Oc1ccccc1C(=O)O"' in dom
    assert dom.count('class="slider"') == 5
    assert 'class="way"' in dom
    assert 'class="wrong"' not in dom


def test_a_taken_port_and_an_unusable_library_are_said_in_one_line(
    molvae: Callable[..., Result], project_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.smi").write_text("c1cccc1\n")
    told = molvae("explore", tmp_path / "bad.smi", "--no-browser", "--port", 0, code=1)
    assert "a map needs at least 4 molecules that the model takes, got 0 (1 kekulize)" in told.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = molvae("explore", project_root / "data" / "drugs.csv", "--no-browser", "--port", port, code=1)
    assert f"port {port} cannot be used" in told.stderr
