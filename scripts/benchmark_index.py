"""Measure the index of `molvae search`: how long it takes to build, and what a search takes and finds.

    python scripts/benchmark_index.py library.npz --rows 1000000

LIBRARY is what `molvae encode` wrote. Where it holds fewer than --rows, the rest are points between two of its
molecules, at random shares of the way, which are as close to each other as molecules are. Queries are rows of the
index; recall is the share of their exact ten nearest rows that are found. Times are processor times of one thread, but
for the build, which uses --threads.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molvae.latent.index import VectorIndex, build_index
from molvae.latent.vectors import read_points

QUERIES = 200


def points(library: Path, rows: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return `rows` points: those of the library, then points between them, shape (rows, D)."""
    z = np.concatenate([block.z for block in read_points(library)])
    z = z[np.isfinite(z).all(axis=1)]
    missing = max(0, rows - len(z))
    first, second = rng.integers(len(z), size=(2, missing))
    share = rng.uniform(0.1, 0.5, size=(missing, 1)).astype(np.float32)
    return np.concatenate([z[:rows], z[first] + share * (z[second] - z[first])])


def measure(index: VectorIndex, z: NDArray[np.float32], effort: int) -> tuple[float, float]:
    """Return the milliseconds of one search and the recall of ten."""
    begun = time.process_time()
    for query in z:
        index.search(query[None], 10, effort=effort)
    return 1e3 * (time.process_time() - begun) / len(z), index.recall(10, queries=len(z), effort=effort)


def main() -> None:
    """Build indexes of growing size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help="file of vectors")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the largest index")
    parser.add_argument("--threads", type=int, default=1, help="that build")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    z = points(options.library, options.rows, rng)
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size < options.rows] + [options.rows]
    names = ("rows", "build, s", "index, MB", "open, ms", "search, ms (recall): effort 64", "128", "256", "exact, ms")
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|")
    with tempfile.TemporaryDirectory(prefix="molvae-index-") as folder:
        for size in sizes:
            np.save(f"{folder}/z.npy", z[:size])
            begun = time.process_time()
            build_index(f"{folder}/z.npy", f"{folder}/index", threads=options.threads)
            built = time.process_time() - begun
            begun = time.process_time()
            index = VectorIndex(f"{folder}/index")
            opened = 1e3 * (time.process_time() - begun)
            megabytes = sum(file.stat().st_size for file in index.folder.iterdir()) / 1e6
            queries = z[rng.choice(size, QUERIES, replace=False)]
            found = [measure(index, queries, effort) for effort in (64, 128, 256)]
            begun = time.process_time()
            index.search(queries[:10], 10, exact=True)
            exact = 1e3 * (time.process_time() - begun) / 10
            cells = " | ".join(f"{milliseconds:.2f} ({recall:.1%})" for milliseconds, recall in found)
            print(f"| {size:,} | {built:.0f} | {megabytes:.0f} | {opened:.1f} | {cells} | {exact:.0f} |", flush=True)


if __name__ == "__main__":
    main()
