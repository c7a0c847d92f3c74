"""Measure what scoring costs: molecules per second of each named task, and of an objective that computes nothing.

    python scripts/benchmark_objectives.py --molecules 1000

Processor time on drug-like molecules that come with RDKit, asked for in batches of 50 with a journal on the disk, so
with everything that a search pays for: the gate, the score, the record.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from molvae.chem import canonical_smiles
from molvae.datasets import dataset
from molvae.errors import MoleculeError
from molvae.optimize import PMO_TASKS, Objective

BATCH = 50


def seconds_for(target: object, smiles: list[str]) -> float:
    """Return the processor time that scoring these molecules takes in this process."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Objective(target, budget=len(smiles) + 1, journal=Path(folder, "journal.db")) as objective,
    ):
        objective.evaluate(["c1ccccc1"])  # what is loaded once
        start = time.process_time()
        for first in range(0, len(smiles), BATCH):
            objective.evaluate(smiles[first : first + BATCH])
        return time.process_time() - start


def main() -> None:
    """Print a line for each task."""
    parser = argparse.ArgumentParser(description="Measure what scoring costs.")
    parser.add_argument("--molecules", type=int, default=1_000)
    smiles = canonical(parser.parse_args().molecules)
    print(f"{'':30}molecules/s   s for 10,000")
    targets: dict[str, object] = {"(nothing)": nothing} | {name: name for name in PMO_TASKS}
    for name, target in targets.items():
        seconds = seconds_for(target, smiles)
        print(f"{name:30}{len(smiles) / seconds:11,.0f}{10_000 * seconds / len(smiles):15.1f}", flush=True)


def nothing(smiles: list[str]) -> list[float]:
    """Score every molecule 0."""
    return [0.0] * len(smiles)


def canonical(count: int) -> list[str]:
    """Return the first molecules of wehi10k that the gate takes."""
    found: dict[str, None] = {}
    for row in dataset("wehi10k").rows():
        try:
            found[canonical_smiles(row.smiles)] = None
        except MoleculeError:
            continue
        if len(found) == count:
            break
    return list(found)


if __name__ == "__main__":
    main()
