"""`molvae sample | reconstruct | neighbors | interpolate`: molecules out of a latent space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.options import (
    choice_options,
    computing_options,
    load_space,
    model_option,
    output_option,
    refine_option,
    seed_option,
    select_option,
)
from molvae.cli.output import progress, say
from molvae.cli.reading import read_all, reading_options
from molvae.cli.wishes import parsed_range
from molvae.cli.writing import draw, picture_option, write_table

if TYPE_CHECKING:
    from molvae.latent.conditional import Range
    from molvae.latent.paths import Method
    from molvae.latent.results import Row


class _Condition(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.3
    """A descriptor with the least and the greatest value allowed."""

    name = "name:least:greatest"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Range]:
        """Return the name and its range, None where a limit is left out."""
        return parsed_range(str(value))


@click.command(short_help="Draw new molecules from the latent prior.")
@click.option("-n", "--count", "count", type=click.IntRange(1), default=10, show_default=True, help="How many.")
@model_option
@output_option("Where the SMILES go; the format is that of the suffix.")
@click.option("--prior", help="Name of a prior of the model, such as normal.  [default: the model's own]")
@click.option(
    "--temperature", type=click.FloatRange(0), help="0 takes the likeliest symbol.  [default: that of the prior]"
)
@choice_options
@select_option
@click.option("--unique", is_flag=True, help="No molecule twice.")
@click.option("--scaffold", help="SMILES that each molecule holds; it grows at each *, or anywhere if there is none.")
@click.option(
    "--condition",
    "conditions",
    type=_Condition(),
    multiple=True,
    help="Range of a descriptor, such as logp:1:3 or qed:0.7: (no upper limit); may be repeated.",
)
@click.option("--novel-to", type=click.Path(path_type=Path), help="Leave out the molecules of this token shard.")
@picture_option
@seed_option
@computing_options
def sample(
    count: int, model: Path | None, output: Path, novel_to: Path | None, picture: Path | None, seed: int,
    select: bool, unique: bool, scaffold: str | None, conditions: tuple[tuple[str, Range], ...], as_json: bool,
    device: str, threads: int | None, workers: int | None, **how: Any,
) -> int:  # fmt: skip
    """Draw new molecules from the latent prior: -n canonical SMILES, one per line.

    With --scaffold or --condition they are distinct, and verified; how often the model met the wishes is said.

    \b
    Examples:
      molvae sample -n 1000 --seed 0 -o new.smi
      molvae sample -n 20 --scaffold '*c1ccc(*)cc1' --condition logp:1:3 --condition qed:0.7:
      molvae sample -n 25 --picture new.png
      molvae sample -n 1000 | sort | uniq -c | sort -nr | head
    """
    from molvae.datasets import TokenShard

    known = frozenset(TokenShard.open(novel_to).smiles()) if novel_to is not None else frozenset()
    space = load_space(model, device, threads, workers)
    said = ""
    with progress("Sampling", unit="molecules", total=count) as advance:
        if scaffold is None and not conditions:
            how |= {"select": select, "unique": unique}
            molecules = space.sample(count, seed=seed, novel_to=known, progress=advance, **how)
        else:
            found = space.sample_conditional(
                count,
                scaffold=scaffold,
                conditions=dict(conditions),
                seed=seed,
                novel_to=known,
                progress=advance,
                **how,
            )
            molecules = list(found)
            said = f"{found.success_rate:.1%} of {found.tried:,} molecules that the model proposed meet every wish"
    if said:
        say(said)
    write_table(["smiles"], ([smiles] for smiles in molecules), output, as_json=as_json)
    draw(molecules, picture)
    if len(molecules) < count:
        say(f"only {len(molecules):,} of {count:,} were found; wider conditions or another --seed may find more")
    return 0 if molecules else 1


@click.command(short_help="Send molecules through the latent space and back.")
@click.argument("source", type=click.Path(path_type=Path))
@model_option
@output_option("Where the rows go; the format is that of the suffix.")
@refine_option
@reading_options
@computing_options
def reconstruct(
    source: Path, model: Path | None, output: Path, refine: bool, as_json: bool,
    device: str, threads: int | None, workers: int | None, **reading: Any,
) -> int:  # fmt: skip
    """Encode the molecules of SOURCE ('-': standard input), decode them, and compare.

    \b
    Examples:
      molvae reconstruct data/drugs.smi
      echo 'CC(=O)Oc1ccccc1C(=O)O' | molvae reconstruct - --json
    """
    from molvae.latent.pipeline import POOL_FROM

    rows = read_all(source, reading)
    space = load_space(model, device, threads, workers)
    result: list[Row] = []
    with progress("Reconstructing", unit="molecules", total=len(rows)) as advance:
        for start in range(0, len(rows), POOL_FROM):  # so many go to all cores
            result += space.reconstruct([row.smiles for row in rows[start : start + POOL_FROM]], refine=refine)
            advance(len(result) - start)
    table = (
        [row.smiles, back.decoded, back.exact, row.refusal.code if row.refusal else back.status, row.name]
        for row, back in zip(rows, result, strict=True)
    )
    write_table(["smiles", "decoded", "exact", "status", "name"], table, output, as_json=as_json)
    exact, taken = sum(row.exact for row in result), sum(row.smiles is not None for row in result)
    say(f"{exact:,} of {taken:,} molecules came back exactly, {len(result) - taken:,} rows refused")
    return 0 if taken else 1


@click.command(short_help="Find molecules near a molecule.")
@click.argument("smiles")
@click.option("-n", "--count", "count", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option(
    "--similarity",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.6,
    show_default=True,
    help="Mean Tanimoto similarity to aim at.",
)
@click.option("--keep", metavar="SMARTS", help="Pattern that SMILES holds, and that each neighbour must hold too.")
@model_option
@output_option("Where the rows go; the format is that of the suffix.")
@picture_option
@seed_option
@computing_options
def neighbors(
    smiles: str, count: int, similarity: float, keep: str | None, model: Path | None, output: Path,
    picture: Path | None, seed: int, as_json: bool, device: str, threads: int | None, workers: int | None,
) -> int:  # fmt: skip
    """Find distinct molecules around SMILES, the most similar first.

    \b
    Example:
      molvae neighbors 'CC(=O)Oc1ccccc1C(=O)O' -n 20 --similarity 0.6 --seed 0
    """
    space = load_space(model, device, threads, workers)
    found = space.neighbors(smiles, n=count, similarity=similarity, keep=keep, seed=seed)
    if keep is not None:
        say(f"{found.kept:.1%} of the molecules that the model found hold {keep}")
    write_table(["smiles", "similarity"], found, output, as_json=as_json)
    draw(found.smiles, picture, legends=[f"{row.similarity:.2f}" for row in found])
    if len(found) < count:
        say(f"only {len(found):,} of {count:,} were found; another --similarity or --seed may find more")
    return 0 if len(found) else 1


@click.command(short_help="Walk from one molecule to another.")
@click.argument("start")
@click.argument("end")
@click.option(
    "-n", "--count", "count", type=click.IntRange(2), default=8, show_default=True, help="Steps, both ends included."
)
@click.option(
    "--method", type=click.Choice(["linear", "slerp"]), default="slerp", show_default=True, help="Of the way."
)
@model_option
@output_option("Where the rows go; the format is that of the suffix.")
@picture_option
@computing_options
def interpolate(
    start: str, end: str, count: int, method: Method, model: Path | None, output: Path, picture: Path | None,
    as_json: bool, device: str, threads: int | None, workers: int | None,
) -> int:  # fmt: skip
    """Walk through the latent space from START to END, two SMILES, and show the molecules on the way.

    \b
    Example:
      molvae interpolate 'CCO' 'c1ccccc1O' -n 8
    """
    space = load_space(model, device, threads, workers)
    path = space.interpolate(start, end, n=count, method=method)
    rows: list[Sequence[object]] = [[step.smiles, step.position, step.to_start, step.to_end] for step in path]
    write_table(["smiles", "position", "to_start", "to_end"], rows, output, as_json=as_json)
    draw(path.smiles, picture, legends=[f"{step.position:.2f}" for step in path])
    return 0
