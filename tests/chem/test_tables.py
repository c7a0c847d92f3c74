"""Tables of results: text stays text, molecules are drawn, long tables are counted."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

from molvae.chem.tables import SHOWN, html_table

HOSTILE = '<img src=x onerror="alert(1)"> & \'"'


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert all(not name.startswith("on") for name, _ in attrs)
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(markup: str) -> _Tags:
    parser = _Tags()
    parser.feed(markup)
    parser.close()
    assert parser.open == []
    return parser


def test_hostile_text_is_text_wherever_it_stands() -> None:
    markup = html_table([HOSTILE, "molecule"], [[HOSTILE, HOSTILE]], caption=HOSTILE, drawn=["molecule"])
    tags = parsed(markup)
    assert tags.seen.count("img") == 1  # the drawing, which is empty: this is no molecule
    assert tags.text.count(HOSTILE) == 3


def test_a_molecule_is_drawn_and_carries_its_smiles() -> None:
    markup = html_table(["molecule"], [["CCO"], [None]], drawn=["molecule"])
    (data,) = re.findall(r"base64,([^\"]+)", markup)
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert 'title="CCO"' in markup


def test_a_long_table_is_cut_and_says_so() -> None:
    rows = [[number] for number in range(SHOWN + 5)]
    markup = html_table(["n"], rows)
    assert markup.count("<tr>") == SHOWN + 1
    assert "and 5 more" in markup
    assert html_table(["n"], rows, limit=None).count("<tr>") == len(rows) + 1
    assert "and 90 more" in html_table(["n"], rows[:10], total=100)


def test_numbers_read_as_a_person_writes_them() -> None:
    text = parsed(html_table(["a", "b", "c", "d", "e"], [[1234, 0.123456, float("nan"), None, True]])).text
    assert [part for part in text if part not in "abcde"] == ["1,234", "0.1235", "–", "yes"]
