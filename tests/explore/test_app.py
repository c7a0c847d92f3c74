"""The page's answers: checked arguments, no foreign host or site, nothing that a browser could run."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from molvae.explore.app import create_app
from molvae.explore.atlas import PROPERTIES, Atlas

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


@pytest.fixture
def client(atlas: Atlas) -> FlaskClient:
    return create_app(atlas).test_client()


def test_the_page_and_its_files_come_from_the_package_alone(client: FlaskClient, project_root: Path) -> None:
    assert b"<title>molvae explore</title>" in client.get("/", buffered=True).data
    for name in ("page.css", "page.js"):
        assert client.get(f"/page/{name}", buffered=True).status_code == 200
    for path in (project_root / "molvae" / "explore" / "page").iterdir():
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []  # offline
        assert "innerHTML" not in text
        assert "eval(" not in text


def test_the_whole_map_is_told(client: FlaskClient, atlas: Atlas) -> None:
    told = client.get("/api/atlas").get_json()
    assert len(told["points"]) == len(atlas.places)
    assert told["refused"] == 2
    assert set(told["points"][0]) == {"smiles", "x", "y", "properties", "name"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_another_host_is_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/api/atlas", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_another_site_is_refused(client: FlaskClient, site: str) -> None:
    assert client.get("/api/atlas", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client.get("/api/atlas", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_every_answer_forbids_foreign_code(client: FlaskClient) -> None:
    for path in ("/", "/page/page.js", "/api/atlas", "/nothing", "/draw.svg?smiles=CCO"):
        headers = client.get(path, buffered=True).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_only_get_is_answered(client: FlaskClient) -> None:
    assert client.post("/api/atlas").status_code == 405
    assert client.post("/api/atlas", data="x" * 10).status_code in (405, 413)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("/api/molecule", "smiles must be a SMILES, got nothing"),
        ("/api/molecule?smiles=c1cccc1", "kekulize"),
        ("/api/molecule?smiles=" + "C" * 5_000, "too_long"),
        ("/api/molecule?smiles=%3Cscript%3Ealert(1)%3C/script%3E", "is a reaction, not a molecule"),
        ("/api/move?smiles=CCO&logp=99", "logp must be a number from -6 to 6, got '99'"),
        ("/api/move?smiles=CCO&qed=nan", "qed must be a number"),
        ("/api/neighbors?smiles=CCO&n=1000", "n must be a number from 1 to 24"),
        ("/api/neighbors?smiles=CCO&similarity=two", "similarity must be a number"),
        ("/api/path?start=CCO", "end must be a SMILES"),
        ("/api/path?start=CCO&end=CCN&n=1", "n must be a number from 2 to 15"),
        ("/draw.svg?smiles=CCO&width=1e9", "width must be a number from 60 to 600"),
        ("/draw.svg?smiles=hello", "syntax"),
    ],
)
def test_a_wrong_argument_is_named(client: FlaskClient, query: str, message: str) -> None:
    answer = client.get(query)
    assert answer.status_code == 422
    assert message in answer.get_json()["error"]


def test_molecules_are_shown_moved_compared_and_joined(client: FlaskClient) -> None:
    molecule = client.get("/api/molecule", query_string={"smiles": ASPIRIN}).get_json()
    assert molecule["smiles"] == ASPIRIN
    assert molecule["similar"][0]["similarity"] == 1.0
    assert set(molecule["properties"]) == set(PROPERTIES)
    moved = client.get("/api/move", query_string={"smiles": ASPIRIN, "logp": 0.5}).get_json()
    assert set(moved) == {"molecule"}
    near = client.get("/api/neighbors", query_string={"smiles": ASPIRIN, "n": 2, "seed": 1}).get_json()["molecules"]
    assert len(near) <= 2
    assert all(0 <= other["similarity"] <= 1 and other["smiles"] != ASPIRIN for other in near)
    path = client.get("/api/path", query_string={"start": ASPIRIN, "end": "CCO", "n": 3}).get_json()["steps"]
    assert len(path) == 3


def test_a_drawing_is_one_svg_for_each_ground(client: FlaskClient) -> None:
    pictures = [client.get("/draw.svg", query_string={"smiles": ASPIRIN, "dark": dark}) for dark in (0, 1)]
    for picture in pictures:
        assert picture.mimetype == "image/svg+xml"
        assert ElementTree.fromstring(picture.data).tag == "{http://www.w3.org/2000/svg}svg"
        assert b"<script" not in picture.data
    assert pictures[0].data != pictures[1].data
