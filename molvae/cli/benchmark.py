"""`molvae benchmark`: published benchmarks, with the published figures beside the measured ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.dry_run import dry_run_option, target_folder
from molvae.cli.options import debug_option, folder_option, json_option, model_option, seed_option
from molvae.cli.output import progress, say, show
from molvae.cli.property_evaluation import evaluate_file, evaluation_options
from molvae.cli.reading import read_smiles, reading_options
from molvae.cli.settings_file import FILE, options_file, save_options
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.benchmarks.constrained import Improvement
    from molvae.benchmarks.pmo import PmoRun

_TASKS_OF_SUMS = 20
_BUDGET_OF_SUMS = 10_000


@click.group(short_help="Run a published benchmark.")
def benchmark() -> None:
    """Run a published benchmark; one that was interrupted goes on.

    \b
    Examples:
      molvae benchmark pmo --tasks qed,perindopril_mpo --budget 1000 -o runs/pmo-small
      molvae benchmark constrained-plogp zinc_lowest_800.smi --limit 20 -o runs/constrained
      molvae benchmark property Lipophilicity.csv --target exp
    """


@benchmark.command(short_help="How fast a search finds good molecules (PMO).")
@click.option(
    "--strategy", default="hybrid", show_default=True, help="What proposes molecules.",
    type=click.Choice(
        ["hybrid", "tanimoto-gp", "graph-ga", "latent-ga", "bayesian", "turbo", "cma-es", "gradient", "random"]
    ),
)  # fmt: skip
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


@benchmark.command("constrained-plogp", short_help="How far penalized logP rises near a molecule.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--delta", "deltas", type=click.FloatRange(0, 1), multiple=True, default=(0.0, 0.2, 0.4, 0.6),
              show_default=True, help="Lowest similarity to the start; may be repeated.")  # fmt: skip
@click.option("--strategy", type=click.Choice(["graph-ga", "hybrid", "tanimoto-gp", "latent-ga"]), default="graph-ga",
              show_default=True, help="What proposes molecules.")  # fmt: skip
@click.option("--budget", type=click.IntRange(10), default=500, show_default=True,
              help="Calls for one molecule and one δ.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), help="Only so many molecules, spread evenly through SOURCE.")
@click.option("--workers", type=click.IntRange(1, 1024), default=1, show_default=True, help="Molecules at a time.")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="Folder of the results; finished molecules are not done again.")  # fmt: skip
@dry_run_option
@model_option
@seed_option
@reading_options
@json_option
@debug_option
def constrained_plogp(
    source: Path, limit: int | None, output: Path, dry_run: bool, as_json: bool, deltas: tuple[float, ...],
    strategy: Any, budget: int, workers: int, model: Path | None, seed: int, **reading: Any,
) -> int:  # fmt: skip
    """Raise penalized logP from each molecule of SOURCE, staying similar to it by at least δ.

    SOURCE is the list of the 800 molecules of ZINC250k's test set with the lowest penalized logP. Each term of it is in
    standard deviations of ZINC250k (You 2018), molecules have at most 38 heavy atoms, similarity is Tanimoto's on
    Morgan counts of radius 2. `improvement` and `similarity` are means over successes, as published.

    \b
    Example:
      molvae benchmark constrained-plogp zinc_lowest_800.smi --limit 20 -o runs/constrained
    """
    from molvae.benchmarks.constrained import run_constrained, table

    molecules = [str(row.smiles) for row in read_smiles(source, reading) if row.smiles]
    if limit is not None and limit < len(molecules):
        molecules = [molecules[i * len(molecules) // limit] for i in range(limit)]
    if dry_run:
        calls = len(molecules) * len(set(deltas)) * budget
        show({"molecules": len(molecules), "calls_at_most": calls, "output": target_folder(output)}, as_json=as_json)
        return 0
    with progress("Improving", unit="molecules", total=len(molecules)) as advance:

        def told(improvements: Sequence[Improvement]) -> None:
            advance(1)
            gains = ", ".join(f"{one.gain:.2f} at δ {one.delta:g}" for one in improvements)
            if not as_json and not sys.stderr.isatty():
                say(f"molecule {improvements[0].row} of {len(molecules)}: {gains}")

        found = run_constrained(
            output, molecules, deltas=deltas, strategy=strategy, budget=budget, seed=seed, model=model, workers=workers,
            on_molecule=told,
        )  # fmt: skip
    rows = table(found)
    write_table(list(rows[0]), (list(row.values()) for row in rows), Path("-"), as_json=as_json)
    say(f"{output} holds results.jsonl, one line for each molecule and δ, and table.csv")
    return 0


@benchmark.command("property", short_help="How well measured properties are predicted.")
@evaluation_options
def property_(**given: Any) -> int:
    """Predict the column --target of SOURCE on scaffold and random splits, 5 seeds, beside random forests.

    The data sets of MoleculeNet, ESOL, FreeSolv, Lipophilicity and BACE, are given as files. Each split fits 80 % of
    the molecules, calibrates with 10 % and tests on 10 %, the same for all methods; figures are means over seeds.
    Published: R² 0.731 on Lipophilicity for CDDD (doi:10.1039/C8SC04175J), on splits of its own.

    \b
    Example:
      molvae benchmark property Lipophilicity.csv --target exp
    """
    return evaluate_file(**given)
