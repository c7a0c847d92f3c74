"""`molvae optimize`: a search for molecules with a high score."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from molvae.cli.dry_run import dry_run_option
from molvae.cli.laboratory import ask, molecules_in, tell
from molvae.cli.options import debug_option, folder_option, json_option, load_space, model_option, seed_option
from molvae.cli.output import INTERRUPTED, json_line, say, show
from molvae.cli.settings_file import FILE, options_file, save_options
from molvae.cli.wishes import constraints, goals, target_of, wish_options

if TYPE_CHECKING:
    from molvae.optimize import Round

_SECONDS = 10  # between two messages where there is no terminal
_TOP = 10


@click.group(invoke_without_command=True, short_help="Search for molecules with a high score.")
@click.option("--objective", "names", metavar="NAME", multiple=True,
              help="Its name, module:function, or property:FOLDER; may be repeated.  [required]")  # fmt: skip
@click.option("--budget", type=click.IntRange(1), default=1_000, show_default=True, help="Calls of the objective.")
@folder_option("Folder of the search.  [required]", required=False)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the search in -o, if there is one, without repeating a call; the budget may grow.",
)
@click.option(
    "--strategy", default="hybrid", show_default=True, help="What proposes molecules.",
    type=click.Choice(
        ["hybrid", "tanimoto-gp", "graph-ga", "latent-ga", "bayesian", "turbo", "cma-es", "gradient", "random"]
    ),
)  # fmt: skip
@click.option(
    "--mode", type=click.Choice(["all", "latent"]), default="all", show_default=True,
    help="'latent' keeps only what the model proposes.",
)  # fmt: skip
@wish_options
@click.option("--start", type=click.Path(path_type=Path), help="File of molecules to begin with.")
@click.option("--library", type=click.Path(path_type=Path), help="File of molecules to draw from.")
@click.option("--batch", type=click.IntRange(1), help="Molecules scored at a time.  [default: 10, later 25 and 50]")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), help="Seconds until a call of a slow function has failed."
)
@click.option("--workers", type=click.IntRange(1, 1024), default=1, show_default=True, help="Processes that score.")
@options_file("optimize")
@dry_run_option
@model_option
@seed_option
@json_option
@debug_option
@click.pass_context
def optimize(
    ctx: click.Context, /, names: tuple[str, ...], budget: int, output: Path | None, resume: bool, strategy: Any,
    mode: Any, start: Path | None, library: Path | None, batch: int | None, timeout: float | None, workers: int,
    dry_run: bool, model: Path | None, seed: int, as_json: bool, minimize: tuple[str, ...], combination: Any,
    **wishes: Any,
) -> int:  # fmt: skip
    """Search for molecules with a high score, with a budget of calls that is never exceeded.

    The folder -o gets the journal of all calls, trace.csv, best.smi, .csv and .sdf, two pictures, and settings.toml,
    with which --settings repeats the search in another folder.

    \b
    Examples:
      molvae optimize --objective qed --budget 1000 --seed 0 -o runs/qed
      molvae optimize --objective my_module:my_function --budget 300 -o runs/mine --timeout 60
      molvae optimize --objective qed --budget 5000 -o runs/long --resume
      molvae optimize --objective qed --objective sa_score --combination pareto -o runs/both
      molvae optimize --objective qed --similar-to 'CC(=O)Nc1ccc(O)cc1' --condition logp:1:3 -o runs/near

    For scores that come from a laboratory, or from a program that somebody else runs, ask for molecules and tell what
    they gave: see molvae optimize ask --help.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx)
        return 0
    if not names or output is None:
        missing = "'--objective'" if not names else "'-o' / '--output'"
        raise click.UsageError(f"Missing option {missing}.", ctx)
    import molvae
    from molvae.optimize.build import uses_model

    target = target_of(names)
    rules, wanted = constraints(wishes), goals(target, minimize)
    known = None if library is None else molecules_in(library)
    if dry_run:
        return _plan(names, output, budget, known, start, len(rules), as_json=as_json)
    space = load_space(model, "cpu", None, 1) if uses_model(strategy, known) else None
    try:
        with (
            _progress(
                budget, as_json=as_json, on_first=lambda: save_options(output / FILE, "optimize", ctx)
            ) as on_round,
            contextlib.redirect_stdout(sys.stderr),  # what the user's function prints is no data
        ):
            result = molvae.optimize(
                target, space=space, strategy=strategy, mode=mode, budget=budget, folder=output, resume=resume,
                start=() if start is None else molecules_in(start), library=known, batch=batch, seed=seed,
                on_round=on_round, timeout=timeout, workers=workers, goals=wanted, combination=combination,
                constraints=rules,
            )  # fmt: skip
    except KeyboardInterrupt:
        say(f"interrupted; the same command with --resume goes on in {output}")
        return INTERRUPTED
    best = result.objective.best(_TOP)
    for row in best:
        fields = {"score": row.score, "smiles": row.smiles, "call": row.call}
        click.echo(json_line(fields) if as_json else f"{row.score:.4f}\t{row.smiles}")
    say(f"{result.objective.calls:,} calls; {output} holds the journal, trace.csv, the best molecules and pictures")
    return 0 if best else 1


def _refuse_options(ctx: click.Context) -> None:
    """Refuse options that stand before `ask` or `tell`: they would be passed over."""
    for parameter in ctx.command.params:
        if parameter.name and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[-1]} must stand behind {ctx.invoked_subcommand}", ctx)


optimize.add_command(ask)
optimize.add_command(tell)


def _plan(
    names: tuple[str, ...], output: Path, budget: int, known: list[str] | None, start: Path | None, rules: int, *,
    as_json: bool,
) -> int:  # fmt: skip
    """Say what a search would do; the objective is looked up, and not called."""
    from molvae.optimize import Objective
    from molvae.optimize.folder import JOURNAL

    with Objective(target_of(names), budget=budget):
        pass
    begun = (output / JOURNAL).exists()
    show(
        {
            "objective": ", ".join(names),
            "constraints": rules,
            "calls": budget,
            "start": len(molecules_in(start)) if start is not None else 0,
            "library": len(known) if known is not None else None,
            "output": f"{output}, {'where a search goes on with --resume only' if begun else 'a new search'}",
        },
        as_json=as_json,
    )
    return 0


@contextmanager
def _progress(budget: int, *, as_json: bool, on_first: Callable[[], None]) -> Iterator[Callable[[Round], None]]:
    """Yield what shows a round: a bar on a terminal, else a message every ten seconds; the first calls `on_first`."""
    from tqdm import tqdm

    begun, shown = time.monotonic(), 0.0
    best: list[float] = []
    first = True
    with tqdm(total=budget, unit=" calls", disable=None, file=sys.stderr, dynamic_ncols=True) as bar:

        def on_round(round_: Round) -> None:
            nonlocal shown, best, first
            if first:
                on_first()
                first = False
            best = sorted([*best, *(row.score for row in round_.rows if row.fresh and row.contends)])[-_TOP:]
            leader = round_.best.score if round_.best is not None else float("nan")
            mean = sum(best) / len(best) if best else float("nan")
            told = f"best {leader:.4f}, top-10 mean {mean:.4f}, {round_.duplicates:,} duplicates"
            bar.update(round_.calls - bar.n)
            bar.set_postfix_str(told)
            now = time.monotonic()
            if bar.disable and not as_json and (now - shown > _SECONDS or round_.calls == budget):
                left = (now - begun) / round_.calls * (budget - round_.calls) if round_.calls else float("nan")
                say(f"{round_.calls:,} of {budget:,} calls, {told}, {left:.0f} s left")
                shown = now

        yield on_round
