"""Pictures are drawn from reports of any size; what they look like was judged by eye."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from molvae.errors import MissingExtraError
from molvae.evaluate.reconstruction import ReconstructedRow, ReconstructionReport
from molvae.plots.evaluation import _principal_plane, _without_tails, draw_reconstruction

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


def test_the_plane_is_the_one_in_which_the_basis_varies_most() -> None:
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((200, 5)) * np.array([0.1, 5, 0.1, 3, 0.1])
    [plane] = _principal_plane(basis, basis)
    assert plane.shape == (200, 2)
    centred = basis - basis.mean(axis=0)
    assert np.abs(np.corrcoef(plane[:, 0], centred[:, 1])[0, 1]) > 0.99
    assert np.abs(np.corrcoef(plane[:, 1], centred[:, 3])[0, 1]) > 0.99


def test_tails_are_left_out() -> None:
    values = np.append(np.linspace(0, 1, 2_000), 1e6)
    assert _without_tails(values).max() <= 1
