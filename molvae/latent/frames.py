"""Results as pandas tables, with the index of the Series that they came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def index_of(rows: object) -> pandas.Index | None:
    """Return the index of a pandas Series, None of anything else."""
    return rows.index if hasattr(rows, "iloc") else None  # type: ignore[attr-defined]


def frame_of(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], index: pandas.Index | None = None
) -> pandas.DataFrame:
    """Return rows as a table; pandas is loaded here, not with the model."""
    import pandas

    return pandas.DataFrame(list(rows), columns=list(columns), index=index)
