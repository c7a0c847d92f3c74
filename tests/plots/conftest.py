"""Pictures are drawn without a window, and closed after each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ["MPLBACKEND"] = "agg"


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    yield
    from matplotlib import pyplot

    pyplot.close("all")
