"""Compare the strategies of `molvae.optimize` at an equal number of calls: a table of the mean of the ten best.

    python scripts/compare_strategies.py -o runs/strategies            # an interrupted comparison goes on
    python scripts/compare_strategies.py -o runs/strategies --strategies turbo,random --tasks qed --seeds 1

One row of OUT/strategies.csv for each task, strategy and seed: the mean of the ten best and the best at the end, the
area under the mean of the ten best as PMO defines it, and the seconds that the search took, which depend on the machine
and on what else it does.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from molvae.benchmarks.pmo import PmoRun, run_pmo
from molvae.datasets.files import atomic_path
from molvae.optimize.build import StrategyName

TASKS = "qed,perindopril_mpo,celecoxib_rediscovery"
COLUMNS = ("task", "strategy", "seed", "calls", "top10", "best", "auc_top10", "seconds")


def main() -> None:
    """Run what is not there yet, and write the table after each search."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the searches")
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--strategies", default=",".join(get_args(StrategyName)))
    parser.add_argument("--budget", type=int, default=300, help="calls of each search")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("-m", "--model", help="folder of the model; default: the one that comes with molvae")
    arguments = parser.parse_args()
    runs: list[PmoRun] = []
    for seeds in range(1, arguments.seeds + 1):
        for task in arguments.tasks.split(","):
            for strategy in arguments.strategies.split(","):
                found = run_pmo(
                    arguments.output / strategy, tasks=[task], strategy=strategy, budget=arguments.budget, seeds=seeds,
                    model=arguments.model,
                )  # fmt: skip
                runs.append(found[-1])
                print(f"{task} {strategy} seed {seeds - 1}: {found[-1].top10:.4f}", flush=True)
                write(arguments.output / "strategies.csv", map(asdict, runs))


def write(path: Path, runs: Iterable[dict[str, Any]]) -> None:
    """Write one row for each search."""
    rows = sorted(([run[name] for name in COLUMNS] for run in runs), key=lambda row: row[:3])
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows([f"{cell:.4f}" if isinstance(cell, float) else cell for cell in row] for row in rows)


if __name__ == "__main__":
    main()
