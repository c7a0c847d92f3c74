"""Measure where the time of a search goes: processor seconds of a batch of 50, by part, after so many calls.

    python scripts/benchmark_search.py --known 1000 5000 -o search_costs.csv

The molecules known are drug-like ones that come with RDKit, scored by one of the PMO tasks; seconds are means over
eight batches, since a decoder is fine-tuned in one of several. Parts are those that the profiler of Python sees, which
makes them a third slower than they are.
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import pstats
import time
from itertools import islice
from pathlib import Path
from typing import get_args

import molvae
from molvae.datasets import dataset
from molvae.optimize import Objective, build_strategy
from molvae.optimize.arms import canonical_molecules
from molvae.optimize.build import Mode

BATCH, BATCHES = 50, 8
PARTS = {
    "crossover": "graph-crossover", "mutate": "graph-mutation", "mutate_symbols": "symbol-mutation",
    "decode": "decoding", "write": "decoding", "tuned_to": "fine-tuning", "posteriors": "encoding",
    "screen": "gate and constraints", "morgan_counts": "fingerprints",
    "kernel": "kernel", "covariance": "deviations", "add": "process grows", "fit": "weights", "append": "journal",
}  # fmt: skip
FILES = (
    "graph_", "mutation", "latent_arms", "tuned_arm", "tuning", "objective", "fingerprints", "surrogate", "journal"
)  # fmt: skip


def costs(known: list[str], task: str, mode: Mode, folder: Path) -> dict[str, object]:
    """Return processor seconds by part of a batch after these molecules."""
    space = molvae.load(threads=1, workers=1)
    with Objective(task, budget=len(known) + 1_000, journal=folder / f"{mode}-{len(known)}.sqlite") as objective:
        strategy = build_strategy("hybrid", space=lambda: space, screen=objective.screen, mode=mode, budget=10_000)
        strategy.tell(objective.evaluate(known))
        strategy.tell(objective.evaluate([row.smiles for row in strategy.ask(BATCH)]))  # what is done once
        profile = cProfile.Profile(time.process_time)
        start = time.process_time()
        profile.enable()
        for _ in range(BATCHES):
            strategy.tell(objective.evaluate([row.smiles for row in strategy.ask(BATCH)]))
        profile.disable()
        seconds = (time.process_time() - start) / BATCHES
    parts = dict.fromkeys(PARTS.values(), 0.0)
    for (file, _, function), (*_, cumulated, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if function in PARTS and any(part in Path(file).name for part in FILES):
            parts[PARTS[function]] += cumulated / BATCHES
    rounded = {part: round(spent, 3) for part, spent in parts.items()}
    return {"mode": mode, "calls": len(known), "whole": round(seconds, 2), **rounded}


def main() -> None:
    """Measure and print one row for each number of molecules known and each mode of the search."""
    parser = argparse.ArgumentParser(description="Measure where the time of a search goes.")
    parser.add_argument("--known", type=int, nargs="+", default=[1_000, 5_000])
    parser.add_argument("--task", default="celecoxib_rediscovery")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    rows = (row.smiles or "" for row in dataset("wehi10k").rows())
    smiles = canonical_molecules(list(islice(rows, max(options.known) + 500)))
    table = []
    for count in options.known:
        for mode in get_args(Mode):
            table.append(costs(smiles[:count], options.task, mode, options.output.parent))
            print(table[-1], flush=True)
    with options.output.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
