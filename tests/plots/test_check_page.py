"""The page of `molvae check`: what it holds, that nothing in it can run, and what it does where there is a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from molvae.datasets.rows import Row
from molvae.evaluate.checking import CheckedMolecule, Checks, check_rows
from molvae.evaluate.decoding import DecodeSummary
from molvae.plots.check_page import ODD_ROWS, OTHER_ROWS, PageRows, check_page, write_check_page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
EVIL = "<img src=x onerror=alert(1)>{{script}}</script><script>alert(2)</script>\x1b[31m&\"'"
SMILES = ["CCO", "C1=CC1C", "[CH2]CC", "CCCCC", EVIL, "c1ccccc1O"]


def checked(smiles: list[str]) -> tuple[DecodeSummary, list[CheckedMolecule]]:
    checks = Checks(catalogs=("BRENK",))
    rows = list(check_rows((Row(i, text, name=f"{EVIL} {i}") for i, text in enumerate(smiles, start=1)), checks))
    summary = DecodeSummary(checks)
    for row in rows:
        summary.add(row)
    return summary, rows


@pytest.fixture(scope="module")
def page() -> str:
    return check_page(*checked(SMILES), title=f"Check of {EVIL}", subtitle=EVIL)


class Tags(HTMLParser):
    """Collects tags, attributes and whether every tag is closed by its own."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_text_of_molecules_is_text(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.tags.count("script") == 1
    assert "img" not in tags.tags
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    assert "\x1b" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;{{script}}" in page  # a slot in a text is not filled


def test_the_page_asks_nobody_for_anything(page: str) -> None:
    outside = [link for link in re.findall(r"https?://[^'\"\s<]+", page) if "www.w3.org" not in link]
    assert outside == []
    assert "default-src 'none'" in page


def test_every_row_has_its_causes_and_a_picture(page: str) -> None:
    assert page.count("<tr data-causes=") == len(SMILES)
    assert 'data-causes="radical"' in page
    assert page.count("<svg") >= len(SMILES) - 1  # the one that is no molecule has none


def test_a_page_lists_odd_rows_before_it_is_full_of_others() -> None:
    _, (ordinary, odd) = checked(["CCO", "[CH2]CC"])
    listed = PageRows()
    for _ in range(3 * OTHER_ROWS):
        listed.add(ordinary)
    for _ in range(2 * ODD_ROWS):
        listed.add(odd)
    assert (len(listed), sum(row is odd for row in listed)) == (ODD_ROWS + OTHER_ROWS, ODD_ROWS)


def test_an_empty_report_is_a_page(tmp_path: Path) -> None:
    summary, rows = checked([])
    write_check_page(tmp_path / "empty.html", summary, rows, title="Empty")
    assert "There are none." in (tmp_path / "empty.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


def seen(browser: str, path: Path, view: str = "") -> list[list[str]]:
    """Return the text of the cells of the rows that a browser shows, in the order in which it shows them."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"{path.as_uri()}#{view}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    table = done.stdout[done.stdout.index('id="rows"') :]
    table = table[: table.index("</tbody>")]
    rows = [row for row in table.split("<tr data")[1:] if " hidden" not in row.split(">")[0]]
    return [[re.sub("<[^>]*>", "", cell) for cell in row.split("<td")[1:]] for row in rows]


def numbers(rows: list[list[str]]) -> list[int]:
    return [int(row[1].split(">")[-1]) for row in rows]


def test_a_browser_filters_and_sorts_it_offline(browser: str, page: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    assert numbers(seen(browser, path, "cause=radical&query=%5Bch2")) == [3]  # whatever the case
    assert numbers(seen(browser, path, "sort=row&down=1")) == [6, 5, 4, 3, 2, 1]
    by_sa = numbers(seen(browser, path, "sort=SA+score"))
    _, rows = checked(SMILES)
    expected = sorted((row for row in rows if row.smiles), key=lambda row: row.structure.sa_score)
    assert by_sa == [*(row.number for row in expected), 5]  # what has no score comes last
