"""Latent vectors in Parquet: one column of lists of D numbers, as vector indexes and databases take them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molvae.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from molvae.latent.vectors import VectorBlock

VECTOR = "vector"  # the name of the column
_BLOCK_NUMBERS = 16 << 20  # of a block: a schema can claim what no memory holds
_TEXTS = ("row", "name", "smiles", "status")


def write_parquet(path: Path, blocks: Iterable[VectorBlock]) -> None:
    """Write the means of blocks, null where refused, beside row, name, smiles and status.

    Raises:
        DataError: there are no rows.
        MissingExtraError: without pyarrow.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as err:
        raise MissingExtraError("pyarrow", "scale") from err
    writer = None
    for block in blocks:
        vectors = pyarrow.FixedSizeListArray.from_arrays(
            pyarrow.array(block.mean.ravel()),
            block.mean.shape[1],
            mask=pyarrow.array(np.isnan(block.mean).any(axis=1)),
        )
        table = pyarrow.table({**{name: pyarrow.array(getattr(block, name)) for name in _TEXTS}, VECTOR: vectors})
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is None:
        raise DataError("there are no rows to write")
    writer.close()


def read_parquet(
    path: Path, block_rows: int, numbers: Callable[[Sequence[str]], list[str]]
) -> Iterator[tuple[NDArray[np.float32], dict[str, NDArray[Any]]]]:
    """Yield vectors (n, D) and the other columns; without a column of vectors, `numbers` names those of their numbers.

    Raises:
        DataError: lists of different lengths, or a damaged file.
        MissingExtraError: without pyarrow.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as err:
        raise MissingExtraError("pyarrow", "scale") from err
    try:
        yield from _batches(parquet.ParquetFile(path), block_rows, numbers)
    except pyarrow.ArrowException as err:
        raise DataError(f"{path} is damaged: {err}") from err


def _batches(
    file: Any, block_rows: int, numbers: Callable[[Sequence[str]], list[str]]
) -> Iterator[tuple[NDArray[np.float32], dict[str, NDArray[Any]]]]:
    with file:
        known = file.schema_arrow.names
        columns = [VECTOR] if VECTOR in known else numbers(known)
        texts = [name for name in _TEXTS if name in known]
        step = min(block_rows, max(1, _BLOCK_NUMBERS // len(columns)))
        for batch in file.iter_batches(batch_size=step, columns=[*texts, *columns]):
            if columns == [VECTOR]:
                z = _of_lists(batch.column(VECTOR))
            else:
                z = np.stack([np.asarray(batch.column(name), dtype=np.float32) for name in columns], axis=1)
            yield z, {name: np.asarray(batch.column(name)) for name in texts}


def _of_lists(column: Any) -> NDArray[np.float32]:
    """Return a column of lists of one length as an array (n, D), NaN where it is null."""
    found = np.asarray(column.drop_null().flatten(), dtype=np.float32)
    valid = np.asarray(column.is_valid())
    rows = max(1, int(valid.sum()))
    if found.size % rows:
        raise DataError(f"the lists in {VECTOR!r} have different lengths")
    z = np.full((len(valid), found.size // rows), np.nan, dtype=np.float32)
    z[valid] = found.reshape(-1, z.shape[1])
    return z
