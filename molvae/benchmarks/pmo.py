"""The PMO benchmark (Gao et al., arXiv:2206.12411): how fast the ten best molecules of a search become good.

Its figure for a task is the area under the mean score of the ten best molecules against calls, read every 100 calls,
divided by the budget. The 20 tasks here are those of its 23 that RDKit alone can score, on the corrected oracles; a sum
over 20 tasks cannot be compared with one over 23, or on the oracles of the first release.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molvae.benchmarks.side_by_side import side_by_side
from molvae.datasets.files import atomic_path
from molvae.datasets.writers import write_rows
from molvae.errors import ConfigError
from molvae.latent.space import LatentSpace
from molvae.optimize.build import Mode, StrategyName, uses_model
from molvae.optimize.rounds import Round
from molvae.optimize.run import optimize
from molvae.optimize.tasks import PMO_TASKS

ALL_TASKS = "rdkit20"
_EVERY = 100  # calls
_TOP = 10
RESULT = "result.json"

# Sums over the 20 tasks with 10,000 calls, on the corrected oracles.
PUBLISHED = {
    "random": 8.95, "NF-BO": 12.46, "REINVENT": 12.56, "Mol GA": 13.01, "Genetic GFN": 13.59, "Tanimoto GP-BO": 13.74,
    "SynGBO": 13.85, "InVirtuoGen": 13.91,
}  # fmt: skip


@dataclass(frozen=True)
class PmoRun:
    """One search of the benchmark."""

    task: str
    seed: int
    strategy: str
    mode: str
    budget: int
    calls: int
    auc_top10: float
    top10: float  # mean score of the ten best at the end
    best: float
    seconds: float


def auc_top10(scores: Sequence[float], budget: int) -> float:
    """Return the area under the mean of the ten best scores, as PMO computes it: 0 to 1 for scores from 0 to 1.

    Read after every 100 calls and after the last one, joined by straight lines from 0 at 0 calls; a search that ends
    early keeps its last mean to the end of the budget. Scores that are NaN count as 0.

    >>> auc_top10([1.0] * 200, 200)
    0.75
    """
    values = np.nan_to_num(np.asarray(scores[:budget], dtype=np.float64))
    area = before = 0.0
    at = 0
    for now in [*range(_EVERY, len(values) + 1, _EVERY), *([len(values)] if len(values) % _EVERY else [])]:
        mean = float(np.sort(values[:now])[-_TOP:].mean())
        area += (now - at) * (mean + before) / 2
        at, before = now, mean
    return (area + (budget - at) * before) / budget


def tasks_of(names: Iterable[str]) -> list[str]:
    """Return the tasks of these names, in which "rdkit20" stands for all.

    Raises:
        ConfigError: an unknown task.
    """
    found = [task for name in names for task in (PMO_TASKS if name == ALL_TASKS else (name,))]
    for task in found:
        if task not in PMO_TASKS:
            raise ConfigError(f"there is no task {task[:60]!r}; known: {ALL_TASKS}, {', '.join(PMO_TASKS)}")
    return list(dict.fromkeys(found))


def run_pmo(
    folder: Path | str,
    *,
    tasks: Sequence[str] = (ALL_TASKS,),
    strategy: StrategyName = "hybrid",
    mode: Mode = "all",
    budget: int = 10_000,
    seeds: int = 1,
    model: Path | str | None = None,
    workers: int = 1,
    on_run: Callable[[PmoRun], None] | None = None,
) -> list[PmoRun]:
    """Return the results of all tasks and seeds; those in the folder already are not run again.

    Args:
        folder: one folder for each task and seed, and table.csv; an interrupted search goes on where it was.
        tasks: names, or "rdkit20".
        strategy: of `build_strategy`.
        mode: of `build_strategy`.
        budget: calls of each search; published figures have 10,000.
        seeds: how many, from 0.
        model: folder of the model; None for the one that comes with molvae.
        workers: searches at a time, each in a process of its own.
        on_run: called after each search.

    Raises:
        ConfigError: an unknown task or strategy, or a folder that holds another benchmark.
    """
    folder = Path(folder)
    jobs = [(folder, task, seed, strategy, mode, budget, model) for seed in range(seeds) for task in tasks_of(tasks)]
    done: dict[tuple[str, int], PmoRun] = {}
    for run in side_by_side(_run, jobs, workers):
        done[run.task, run.seed] = run
        if on_run is not None:
            on_run(run)
        _write_table(folder / "table.csv", table(list(done.values())))
    return [done[job[1], job[2]] for job in jobs]


def table(runs: Sequence[PmoRun]) -> list[dict[str, object]]:
    """Return one row for each task with mean and standard deviation over seeds, then a row with the sums.

    The deviation of the sum is that of the sums of single seeds; None where there are less than two seeds.
    """
    rows: list[dict[str, object]] = []
    tasks = sorted({run.task for run in runs})
    for task in tasks:
        of_task = [run for run in runs if run.task == task]
        rows.append(_row(task, [run.auc_top10 for run in of_task], [run.top10 for run in of_task]))
    seeds = sorted({run.seed for run in runs})
    whole = [[run for run in runs if run.seed == seed] for seed in seeds]
    whole = [group for group in whole if len(group) == len(tasks)]  # only seeds that have all tasks
    if whole:
        areas = [sum(run.auc_top10 for run in group) for group in whole]
        rows.append(_row(f"sum of {len(tasks)}", areas, [sum(run.top10 for run in group) for group in whole]))
    return rows


def _row(task: str, areas: Sequence[float], tops: Sequence[float]) -> dict[str, object]:
    values: NDArray[np.float64] = np.array(areas)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else None
    return {"task": task, "seeds": len(values), "auc_top10": float(values.mean()), "sd": deviation,
            "top10": float(np.mean(tops))}  # fmt: skip


_Job = tuple[Path, str, int, StrategyName, Mode, int, Path | str | None]


def _run(job: _Job) -> PmoRun:
    folder, task, seed, strategy, mode, budget, model = job
    place = folder / f"{task}-{seed}"
    path = place / RESULT
    wanted: dict[str, Any] = {"task": task, "seed": seed, "strategy": strategy, "mode": mode, "budget": budget}
    if path.exists():
        run = PmoRun(**json.loads(path.read_text(encoding="utf-8")))
        differing = [name for name, value in wanted.items() if getattr(run, name) != value]
        if differing:
            name = differing[0]
            raise ConfigError(
                f"{place} holds a run with {name} {getattr(run, name)}, here it is {wanted[name]}; name another folder"
            )
        return run
    space = LatentSpace.load(model, threads=1, workers=1) if uses_model(strategy) else None
    spent = 0.0

    def note(round_: Round) -> None:
        nonlocal spent
        spent += round_.ask_seconds + round_.score_seconds

    result = optimize(task, space=space, strategy=strategy, mode=mode, budget=budget, seed=seed, folder=place,
                      resume=True, on_round=note)  # fmt: skip
    scores = [row.score if row.contends else math.nan for row in result.rows]
    top = [row.score for row in result.objective.best(_TOP)]
    run = PmoRun(
        **wanted, calls=len(scores), auc_top10=auc_top10(scores, budget), top10=float(np.mean(top or [0.0])),
        best=max(top, default=0.0), seconds=round(spent, 1),
    )  # fmt: skip
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")
    return run


def _write_table(path: Path, rows: Sequence[dict[str, object]]) -> None:
    write_rows(path, rows, columns=list(rows[0]), smiles_column="")
