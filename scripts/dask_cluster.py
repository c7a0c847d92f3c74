"""Proof that bulk chemistry runs on a dask cluster: the same molecules from a local cluster and from this process.

    python scripts/dask_cluster.py [--molecules 2000] [--workers 2]

On a real cluster, give `Client` the address of its scheduler; nothing else changes.
Needs `pip install 'molvae[scale]'`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from itertools import islice

import joblib
from dask.distributed import Client, LocalCluster, get_task_stream

from molvae.datasets import dataset
from molvae.tokens import tokenize_many


def main() -> None:
    """Tokenize the same rows in this process and on a cluster, compare, and show who did the work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--molecules", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    smiles = [row.smiles for row in islice(dataset("wehi10k").rows(), options.molecules)]

    start = time.perf_counter()
    here = list(tokenize_many(smiles, workers=1))
    print(f"this process:  {len(here):,} molecules in {time.perf_counter() - start:.1f} s")

    with LocalCluster(n_workers=options.workers, threads_per_worker=1) as cluster, Client(cluster) as client:
        start = time.perf_counter()
        with get_task_stream(client) as stream, joblib.parallel_config(backend="dask", wait_for_workers_timeout=60):
            there = list(tokenize_many(smiles, workers=options.workers, chunk_size=250))
        print(f"dask cluster:  {len(there):,} molecules in {time.perf_counter() - start:.1f} s")
        tasks = Counter(task["worker"] for task in stream.data)
    for worker, count in sorted(tasks.items()):
        print(f"  {worker} ran {count} tasks")
    if list(map(repr, there)) != list(map(repr, here)):
        raise SystemExit("the cluster gave other results than this process")
    if not tasks:
        raise SystemExit("no task ran on the cluster")
    print("the results are identical, row by row")


if __name__ == "__main__":
    main()
