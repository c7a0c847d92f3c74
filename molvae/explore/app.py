"""The page and its answers: a small WSGI application that reads a latent space and changes nothing.

Whatever reaches it is checked: the host it was asked as, the site that asks, every argument and its range. Molecules
go through the gate, drawings are made by RDKit, and the page is built from text nodes, never from markup.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molvae.chem.drawing import draw_molecule_svg
from molvae.chem.molecule import canonical_smiles
from molvae.errors import MissingExtraError, MoleculeError
from molvae.explore.atlas import PROPERTIES, Atlas, Place

if TYPE_CHECKING:
    from flask import Flask, Request, Response

HOSTS = ["127.0.0.1", "localhost"]  # the page answers under these names only: no other site can be pointed at it
MAX_NEIGHBORS, MAX_STEPS, MAX_SIGMA = 24, 15, 6.0
_PAGE = Path(__file__).parent / "page"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(atlas: Atlas) -> Flask:
    """Return the application for a map.

    Raises:
        MissingExtraError: Flask is not installed.
    """
    try:
        import flask
    except ImportError as err:
        raise MissingExtraError("flask", "explore") from err
    app = flask.Flask("molvae.explore", static_folder=str(_PAGE), static_url_path="/page")
    app.config.update(TRUSTED_HOSTS=HOSTS, MAX_CONTENT_LENGTH=0, SEND_FILE_MAX_AGE_DEFAULT=0)
    request: Request = flask.request  # it stands for the request being answered

    @app.before_request
    def refuse_other_sites() -> None:
        _ = request.host  # raises for a host that is not among HOSTS
        # A browser says which site asks; a page elsewhere must not make this machine compute.
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            flask.abort(403)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    @app.errorhandler(ValueError)
    def refuse(error: ValueError) -> tuple[dict[str, str], int]:
        code = error.code if isinstance(error, MoleculeError) else "argument"
        return {"error": str(error), "code": code}, 422

    @app.get("/")
    def page() -> Response:
        return flask.send_file(_PAGE / "page.html")

    @app.get("/api/atlas")
    def whole_map() -> dict[str, Any]:
        return {
            "points": [_as_json(place) | {"name": name} for place, name in zip(atlas.places, atlas.names, strict=True)],
            "properties": PROPERTIES,
            "directions": list(atlas.directions),
            "refused": atlas.refused,
            "model": atlas.space.checkpoint.weights_sha256[:12],
        }

    @app.get("/api/molecule")
    def molecule() -> dict[str, Any]:
        place = atlas.place(_text(request.args, "smiles"))
        similar = [{"row": row, "similarity": value} for row, value in atlas.similar(place.smiles)]
        return _as_json(place) | {"similar": similar}

    @app.get("/api/move")
    def move() -> dict[str, Any]:
        steps = {name: _number(request.args, name, -MAX_SIGMA, MAX_SIGMA, 0.0) for name in PROPERTIES}
        found = atlas.moved(_text(request.args, "smiles"), {name: step for name, step in steps.items() if step})
        return {"molecule": None if found is None else _as_json(found)}

    @app.get("/api/neighbors")
    def neighbors() -> dict[str, Any]:
        found = atlas.neighbors(
            _text(request.args, "smiles"),
            int(_number(request.args, "n", 1, MAX_NEIGHBORS, 8)),
            _number(request.args, "similarity", 0.05, 0.95, 0.6),
            int(_number(request.args, "seed", 0, 2**31, 0)),
        )
        return {"molecules": [_as_json(place) | {"similarity": value} for place, value in found]}

    @app.get("/api/path")
    def path() -> dict[str, Any]:
        count = int(_number(request.args, "n", 2, MAX_STEPS, 7))
        found = atlas.path(_text(request.args, "start"), _text(request.args, "end"), count)
        return {
            "steps": [
                {"molecule": None if place is None else _as_json(place), "to_start": _finite(a), "to_end": _finite(b)}
                for place, a, b in found
            ]
        }

    @app.get("/draw.svg")
    def draw() -> Response:
        smiles = canonical_smiles(_text(request.args, "smiles"), atlas.space.checkpoint.standardization)
        size = int(_number(request.args, "width", 60, 600, 200)), int(_number(request.args, "height", 60, 600, 150))
        svg = draw_molecule_svg(smiles, size, dark=request.args.get("dark") == "1")
        response = app.response_class(svg, mimetype="image/svg+xml")
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    return app


def _as_json(place: Place) -> dict[str, Any]:
    return {"smiles": place.smiles, "x": place.x, "y": place.y, "properties": dict(place.properties)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(arguments: Mapping[str, str], name: str) -> str:
    """Return an argument that must be there; how long a molecule may be is the gate's to say."""
    text = arguments.get(name, "").strip()
    if not text:
        raise ValueError(f"{name} must be a SMILES, got nothing")
    return text


def _number(arguments: Mapping[str, str], name: str, low: float, high: float, default: float) -> float:
    text = arguments.get(name)
    if text is None:
        return default
    try:
        value = float(text[:40])
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}, got {text[:40]!r}")
    return value
