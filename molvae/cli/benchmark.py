"""`molvae benchmark`: published benchmarks, with the published figures beside the measured ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.dry_run import dry_run_option
from molvae.cli.options import debug_option, folder_option, json_option, model_option
from molvae.cli.output import say, show
from molvae.cli.settings_file import FILE, options_file, save_options
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.benchmarks.pmo import PmoRun

_TASKS_OF_SUMS = 20
_BUDGET_OF_SUMS = 10_000


@click.group(short_help="Run a published benchmark.")
def benchmark() -> None:
    """Run a published benchmark; one that was interrupted goes on.

    \b
    Example:
      molvae benchmark pmo --tasks qed,perindopril_mpo --budget 1000 -o runs/pmo-small
    """


@benchmark.command(short_help="How fast a search finds good molecules (PMO).")
@click.option("--strategy", type=click.Choice(["hybrid", "tanimoto-gp", "graph-ga", "latent-ga", "random"]),
              default="hybrid", show_default=True, help="What proposes molecules.")  # fmt: skip
@click.option("--mode", type=click.Choice(["all", "latent"]), default="all", show_default=True,
              help="'latent' keeps only what the model proposes.")  # fmt: skip
@click.option("--tasks", default="rdkit20", show_default=True, metavar="NAMES", help="Tasks, with commas between.")
@click.option("--budget", type=click.IntRange(1), default=_BUDGET_OF_SUMS, show_default=True, help="Calls of a task.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="How many, from 0.")
@click.option("--workers", type=click.IntRange(1, 1024), default=1, show_default=True, help="Searches at a time.")
@folder_option("Folder with a folder for each search; finished ones are not run again.")
@options_file("benchmark")
@dry_run_option
@model_option
@json_option
@debug_option
def pmo(tasks: str, output: Path, dry_run: bool, as_json: bool, **settings: Any) -> int:
    """Measure the area under the mean of the ten best scores against calls, from 0 to 1 for each task.

    \b
    Examples:
      molvae benchmark pmo --tasks qed,perindopril_mpo --budget 1000 --seeds 3 -o runs/pmo-small
      molvae benchmark pmo --tasks rdkit20 --workers 2 -o runs/pmo
    """
    from molvae.benchmarks.pmo import PUBLISHED, RESULT, run_pmo, table, tasks_of

    names = tasks_of(tasks.split(","))
    if dry_run:
        jobs = [output / f"{name}-{seed}" for name in names for seed in range(settings["seeds"])]
        done = sum((job / RESULT).exists() for job in jobs)
        calls = (len(jobs) - done) * settings["budget"]
        show({"searches": len(jobs), "finished": done, "calls_at_most": calls, "output": str(output)}, as_json=as_json)
        return 0
    save_options(output / FILE, "benchmark", click.get_current_context())

    def told(run: PmoRun) -> None:
        say(f"{run.task}, seed {run.seed}: {run.auc_top10:.4f} (top-10 mean {run.top10:.4f}, {run.seconds:.0f} s)")

    runs = run_pmo(output, tasks=names, on_run=told, **settings)
    rows = table(runs)
    if len(names) == _TASKS_OF_SUMS and settings["budget"] == _BUDGET_OF_SUMS:
        empty = dict.fromkeys(rows[0])
        rows += [{**empty, "task": f"published: {name}", "auc_top10": figure} for name, figure in PUBLISHED.items()]
    write_table(list(rows[0]), (list(row.values()) for row in rows), Path("-"), as_json=as_json)
    return 0
