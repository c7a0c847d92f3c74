"""Measure what each part of the hybrid search is worth: the PMO figure of searches that lack it or have another.

    python scripts/ablate_search.py --tasks albuterol_similarity,median2 --budget 1000 --seeds 1 -o ablation.csv

One row for each variant, task and seed; rows that the file holds are not measured again. A variant is the default with
parts changed, "hybrid" with none; "+" joins them:

    pool=30x300x5           breeds 30 candidates for each molecule of a batch, 300 at least, in 5 generations
    initial=30              draws so many molecules before it learns
    without=graph|symbol    leaves out arms by the beginnings of their names
    unconditioned           takes no pick of a batch for known to the next ones
    surrogate=z             fits the process to posterior means, with a Gaussian kernel
    batch=10                scores so many molecules at a time
    patience=100            begins another climb after so many molecules in vain; inf for one climb
    latent                  proposes what the model writes only, as with --mode latent
    regrowth                also lets the fine-tuned decoder write the rest of good molecules, as with --mode latent

Processor seconds are those of the search alone, with one thread.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import molvae
from molvae.benchmarks.pmo import auc_top10
from molvae.latent import LatentSpace
from molvae.optimize import Objective, Strategy, search
from molvae.optimize.arms import Arm, GraphCrossover, GraphMutation, SymbolMutation
from molvae.optimize.latent_arms import PriorSamples, latent_arms
from molvae.optimize.proposer import Proposer
from molvae.optimize.screening import PoolSize, SurrogateSearch
from molvae.optimize.surrogate import GaussianProcess
from molvae.optimize.tuned_arm import tuned_arms

COLUMNS = ("variant", "task", "seed", "budget", "model", "auc_top10", "top10", "cpu_seconds")


class RadialFeatures:
    """Points in latent space with a Gaussian kernel, as wide as the distance of two molecules of the prior is long."""

    def __init__(self) -> None:
        self._rows: list[NDArray[np.float64]] = []

    def __len__(self) -> int:
        return sum(map(len, self._rows))

    def add(self, rows: NDArray[np.float64]) -> None:
        """Add points."""
        self._rows.append(rows)

    def similarities(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the kernel to the points added."""
        if not self._rows:
            return np.zeros((len(rows), 0))
        known = np.concatenate(self._rows)
        squares = (rows**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * rows @ known.T
        kernel: NDArray[np.float64] = np.exp(-np.maximum(squares, 0) / (2 * rows.shape[1] * WIDTH**2))
        return kernel


WIDTH = 0.7  # of the Gaussian kernel, of a coordinate's deviation


def whitened(space: LatentSpace, scale: NDArray[np.float32], smiles: Sequence[str]) -> NDArray[np.float64]:
    """Return the posterior means of molecules in units of their deviations, 0 for those that the model refuses."""
    points: NDArray[np.float64] = np.nan_to_num(space.encode(smiles).mean / scale).astype(np.float64)
    return points


def strategy_of(variant: str, space: LatentSpace, objective: Objective, seed: int) -> Strategy:
    """Return the search of a variant."""
    initial = max(10, min(60, (objective.budget or 0) // 5))
    given: dict[str, object] = {}
    parts = variant.split("+")
    latent: list[Arm] = [
        *latent_arms(space, seed=seed),
        *tuned_arms(space, regrows=bool({"latent", "regrowth"} & {*parts})),
    ]
    arms: list[Arm] = [PriorSamples(space), *latent]
    if "latent" not in parts:
        arms[1:1] = [GraphCrossover(), GraphMutation(), SymbolMutation(space.pipeline.codec)]
    for part in parts:
        name, _, value = part.partition("=")
        if name == "without":
            arms = [arm for arm in arms if not arm.name.startswith(tuple(value.split("|")))]
        elif name == "initial":
            initial = int(value)
        elif name == "pool":
            given["size"] = PoolSize(
                **dict(zip(("per_pick", "least", "generations"), map(int, value.split("x")), strict=True))
            )
        elif name == "patience":
            given["patience"] = float(value)
        elif name == "unconditioned":
            given["conditioned"] = False
        elif name == "surrogate":  # on z
            scale = space.encode(space.sample(512, seed=0)).mean.std(axis=0)
            given["process"] = GaussianProcess(RadialFeatures)
            given["describe"] = partial(whitened, space, scale)
        elif name not in ("hybrid", "batch", "latent", "regrowth"):
            raise SystemExit(f"there is no variant {variant!r}")
    proposer = Proposer(arms, screen=objective.screen, initial=initial, seed=seed)
    return SurrogateSearch(proposer, **given)  # type: ignore[arg-type]


def measured(variant: str, task: str, seed: int, budget: int, space: LatentSpace) -> dict[str, object]:
    """Return the row of one search."""
    batch = next((int(part[6:]) for part in variant.split("+") if part.startswith("batch=")), None)
    with Objective(task, budget=budget, standardization=space.checkpoint.standardization) as objective:
        start = time.process_time()
        for _ in search(objective, strategy_of(variant, space, objective, seed), batch=batch):
            pass
        seconds = time.process_time() - start
        scores = [row.score if row.contends else 0.0 for row in objective.rows]
        top = [row.score for row in objective.best(10)]
    return {
        "variant": variant, "task": task, "seed": seed, "budget": budget,
        "model": space.checkpoint.weights_sha256[:8], "auc_top10": round(auc_top10(scores, budget), 4),
        "top10": round(float(np.mean(top)), 4), "cpu_seconds": round(seconds, 1),
    }  # fmt: skip


def main() -> None:
    """Measure what the file lacks."""
    parser = argparse.ArgumentParser(description="Measure what each part of the hybrid search is worth.")
    parser.add_argument("--variants", default="hybrid")
    parser.add_argument("--tasks", default="albuterol_similarity,celecoxib_rediscovery,perindopril_mpo,median2")
    parser.add_argument("--budget", type=int, default=1_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    space = molvae.load(threads=1, workers=1)
    rows = list(csv.DictReader(options.output.open())) if options.output.exists() else []
    model = space.checkpoint.weights_sha256[:8]
    done = {tuple(row[name] for name in COLUMNS[:5]) for row in rows}
    for seed in range(options.seeds):
        for variant in options.variants.split(","):
            for task in options.tasks.split(","):
                if (variant, task, str(seed), str(options.budget), model) in done:
                    continue
                row = measured(variant, task, seed, options.budget, space)
                with options.output.open("a", newline="") as stream:
                    writer = csv.DictWriter(stream, COLUMNS)
                    if not stream.tell():
                        writer.writeheader()
                    writer.writerow(row)
                print(*row.values(), flush=True)


if __name__ == "__main__":
    main()
