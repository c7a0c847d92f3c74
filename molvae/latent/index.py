"""Nearest neighbours among the rows of a file of vectors, in milliseconds for millions of molecules.

The graph is that of HNSW (Malkov & Yashunin, arXiv:1603.09320) as the library usearch builds it, in half precision and
memory-mapped: opening it takes no time, and processes on one machine share it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molvae.datasets.arrays import NpyWriter, map_array
from molvae.datasets.files import atomic_folder
from molvae.errors import DataError, MissingExtraError
from molvae.latent.network import checked_points
from molvae.latent.vectors import read_points

Metric = Literal["l2", "cosine"]
_METRICS = {"l2": "l2sq", "cosine": "cos"}
_CARD, _GRAPH, _TEXTS, _OFFSETS = "index.json", "graph.usearch", "rows.tsv", "offsets.npy"
_FORMAT = 1
_BLANKS = str.maketrans("\t\r\n", "   ")


class Match(NamedTuple):
    """A row of the file near a query."""

    row: int  # number of the line or record in the file that was encoded, from 1
    name: str
    smiles: str  # "" where the file of vectors holds none
    distance: float  # Euclidean in latent space, or 1 - cosine
    position: int  # of the row in the file of vectors, from 0


class VectorIndex:
    """The rows of a file of vectors, ready to be searched; refused rows are left out and keep their position.

    `LatentSpace.index` builds and opens one. An index is read by native code: open only those that you built.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.card = _read_card(self.folder)
        graph = _usearch().restore(str(self.folder / _GRAPH), view=True)
        if graph is None or (len(graph), graph.ndim) != (self.card["indexed"], self.card["dimensions"]):
            raise DataError(f"{self.folder} does not hold what its {_CARD} says: build it again")
        self._graph = graph
        self._offsets = map_array(self.folder / _OFFSETS, np.dtype("<i8"))
        self._texts = np.memmap(self.folder / _TEXTS, dtype=np.uint8, mode="r")

    def __len__(self) -> int:
        return int(self.card["indexed"])

    def __repr__(self) -> str:
        rows, dimensions = self.card["rows"], self.card["dimensions"]
        return f"VectorIndex({len(self):,} of {rows:,} rows in {dimensions} dimensions, {self.card['metric']})"

    def search(
        self, z: NDArray[np.floating], n: int = 10, *, effort: int = 64, exact: bool = False
    ) -> list[list[Match]]:
        """Return the `n` rows nearest to each point of `z` (q, D), the nearest first.

        Args:
            z: points, with the width of the index.
            n: at most so many for each.
            effort: candidates kept on the way through the graph: more find more of the true neighbours, for more time.
            exact: compare with every row instead.

        Raises:
            ValueError: points of another width or that are not finite, or `n` or `effort` below 1.
        """
        points = checked_points(z, int(self.card["dimensions"]))
        if n < 1 or effort < 1:
            raise ValueError(f"n and effort must be at least 1, got {n} and {effort}")
        self._graph.expansion_search = max(effort, n)
        found = self._graph.search(points, min(n, len(self)), exact=exact)
        keys, distances = (np.atleast_2d(values) for values in (found.keys, found.distances))
        if self.card["metric"] == "l2":
            distances = np.sqrt(np.maximum(distances, 0))
        counts = np.atleast_1d(found.counts) if hasattr(found, "counts") else [len(found.keys)]
        return [
            [self._match(int(key), float(distance)) for key, distance in zip(row[:k], far[:k], strict=True)]
            for row, far, k in zip(keys, distances, counts, strict=True)
        ]

    def recall(self, n: int = 10, *, queries: int = 100, effort: int = 64, seed: int = 0) -> float:
        """Return the share of the exact `n` nearest rows that `search` finds, for rows of the index as queries.

        Exact is relative to the half-precision vectors of the index; each query finds itself, too.
        """
        rng = np.random.default_rng(seed)
        keys = np.asarray(self._graph.keys[: len(self)])
        z = np.asarray(self._graph.get(rng.choice(keys, min(queries, len(keys)), replace=False)), dtype=np.float32)
        pairs = zip(self.search(z, n, effort=effort), self.search(z, n, exact=True), strict=True)
        shares = [
            len({match.position for match in found} & {match.position for match in true}) / len(true)
            for found, true in pairs
        ]
        return float(np.mean(shares))

    def _match(self, position: int, distance: float) -> Match:
        start, end = self._offsets[position : position + 2]
        row, smiles, name = bytes(self._texts[start:end]).decode("utf-8").rstrip("\n").split("\t")
        return Match(int(row), name, smiles, distance, position)


def build_index(
    source: Path | str,
    folder: Path | str,
    *,
    metric: Metric = "l2",
    connectivity: int = 16,
    effort: int = 128,
    threads: int | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> VectorIndex:
    """Write the index of a file of vectors to a folder, whole or not at all, and return it opened.

    Args:
        source: what `molvae encode` or numpy wrote.
        folder: of the index; an index that is there is replaced.
        metric: "l2", the Euclidean distance, or "cosine".
        connectivity: links of each row; more for a better recall and a larger index.
        effort: candidates kept while a row is linked.
        threads: None for all cores.
        progress: called with numbers of rows as they are linked.

    Raises:
        DataError: a file that holds no vectors, or a folder that holds something else.
        MissingExtraError: without usearch.
    """
    source, folder = Path(source), Path(folder)
    if metric not in _METRICS:
        raise ValueError(f"metric must be one of {', '.join(_METRICS)}, got {metric!r}")
    if folder.exists() and not (folder / _CARD).is_file():
        raise DataError(f"{folder} is no index: name another folder for it")
    make, graph, rows = _usearch(), None, 0
    with atomic_folder(folder) as temporary:
        offsets = NpyWriter(temporary / _OFFSETS, np.dtype("<i8"))
        with offsets, open(temporary / _TEXTS, "wb") as texts:
            offsets.append(np.zeros(1, dtype=np.int64))
            for block in read_points(source):
                if graph is None:
                    graph = make(
                        ndim=block.z.shape[1], metric=_METRICS[metric], dtype="f16", connectivity=connectivity,
                        expansion_add=effort,
                    )  # fmt: skip
                kept = np.isfinite(block.z).all(axis=1)
                graph.add(rows + np.flatnonzero(kept), block.z[kept], threads=threads or 0)
                lines = [
                    f"{row}\t{smiles}\t{name.translate(_BLANKS)}\n".encode()
                    for row, smiles, name in zip(block.row, block.smiles, block.name, strict=True)
                ]
                offsets.append(texts.tell() + np.cumsum([len(line) for line in lines]))
                texts.write(b"".join(lines))
                rows += len(lines)
                progress(len(lines))
        if graph is None or len(graph) == 0:
            raise DataError(f"{source} holds no vectors to search")
        graph.save(str(temporary / _GRAPH))
        card = {
            "format": "molvae vector index", "format_version": _FORMAT, "rows": rows, "indexed": len(graph),
            "dimensions": graph.ndim, "metric": metric, "connectivity": connectivity, "effort": effort,
            **source_state(source),
        }  # fmt: skip
        (temporary / _CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return VectorIndex(folder)


def fitting_index(folder: Path, source: Path, metric: Metric) -> VectorIndex | None:
    """Return the index in a folder if it was built from this very file with this metric, else None."""
    if not (folder / _CARD).is_file():
        return None
    try:
        index = VectorIndex(folder)
    except DataError:
        return None
    wanted = {**(source_state(source) if source.exists() else {}), "metric": metric}
    return index if all(index.card.get(key) == value for key, value in wanted.items()) else None


def source_state(source: Path) -> dict[str, Any]:
    """Return what tells whether a file is still the one that an index was built from."""
    state = source.stat()
    return {"source": source.name, "bytes": state.st_size, "modified": state.st_mtime_ns}


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / _CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise DataError(f"{folder} holds no index: {err.strerror}") from err
    except ValueError as err:
        raise DataError(f"{path} is damaged: {err}") from err
    keys = {"rows": int, "indexed": int, "dimensions": int, "metric": str}
    if not isinstance(card, dict) or any(type(card.get(key)) is not kind for key, kind in keys.items()):
        raise DataError(f"{path} is damaged: build the index again")
    if card.get("format_version") != _FORMAT:
        raise DataError(f"{folder} was built by another version of molvae: build it again")
    return card


def _usearch() -> Any:
    try:
        from usearch.index import Index
    except ImportError as err:
        raise MissingExtraError("usearch", "search") from err
    return Index
