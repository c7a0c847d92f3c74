"""`molvae info`: the card of a model, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from molvae.model.checkpoint import load_checkpoint, save_checkpoint

CARD = {
    "summary": "a model for this test",
    "limits": ["no metals", "no salts"],
    "figures": {"exact": {"value": 0.5, "of": 10}},
}


def test_the_card_of_a_model_is_shown(molvae: Callable[..., Result], model_folder: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(model_folder)
    checkpoint.metadata["card"] = CARD
    save_checkpoint(tmp_path / "carded", checkpoint)
    lines = {
        line.split("  ")[0]: line.split("  ")[-1].strip()
        for line in molvae("info", tmp_path / "carded").stdout.splitlines()
    }
    assert lines["summary"] == "a model for this test"
    assert lines["limits"] == "no metals; no salts"
    assert (lines["figures.exact.value"], lines["figures.exact.of"]) == ("0.5", "10")
    assert json.loads(molvae("info", tmp_path / "carded", "--json").stdout)["card"] == CARD
