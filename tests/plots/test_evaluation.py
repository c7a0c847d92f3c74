"""Pictures are drawn from reports of any size; what they look like was judged by eye."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from molvae.errors import MissingExtraError
from molvae.evaluate.reconstruction import ReconstructedRow, ReconstructionReport
from molvae.plots.evaluation import draw_reconstruction

ROW = ReconstructedRow("mine", 1, "OCC", "CCO", "CCN", "ok", "", tokens=4, right_tokens=3, similarity=0.4)


@pytest.mark.parametrize("rows", [(), (ROW,), (ROW,) * 30])
def test_reports_of_any_size_are_drawn(tmp_path: Path, rows: tuple[ReconstructedRow, ...]) -> None:
    draw_reconstruction(ReconstructionReport(rows), tmp_path / "rows.png")
    assert (tmp_path / "rows.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_error_holds_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'molvae\[viz\]'"):
        draw_reconstruction(ReconstructionReport((ROW,)), tmp_path / "rows.png")
    assert list(tmp_path.iterdir()) == []
