"""What is wanted of the molecules of a search, as options: several objectives, and what every molecule must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from molvae.latent.conditional import Range
    from molvae.optimize import Constraint, Goal

Command = TypeVar("Command", bound=Callable[..., object])

_CONSTRAINTS = ("similar_to", "similarity", "required", "forbidden", "conditions", "atoms", "no_alerts")


def parsed_range(text: str) -> tuple[str, Range]:
    """Return the name and the limits of a range such as logp:1:3, None for a limit that is left out.

    Raises:
        BadParameter: another text.

    >>> parsed_range("qed:0.7:")
    ('qed', (0.7, None))
    """
    try:
        name, *limits = text.split(":")
        low, high = (float(limit) if limit.strip() else None for limit in limits)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} must be a descriptor with two limits, such as logp:1:3 or qed:0.7:"
        ) from None
    return name.strip(), (low, high)


def _check_ranges(ctx: click.Context, param: click.Parameter, texts: Sequence[str]) -> Sequence[str]:
    for text in texts:
        parsed_range(text)
    return texts  # as they were written, for the settings of the run


def wish_options(command: Command) -> Command:
    """Add the options that `goals` and `constraints` read."""
    options = [
        click.option("--minimize", multiple=True, metavar="NAME",
                     help="An objective of which small values are good; may be repeated."),
        click.option("--combination", type=click.Choice(["mean", "geometric", "product", "pareto"]), default="mean",
                     show_default=True, help="How several objectives become one; 'pareto' looks for all trade-offs."),
        click.option("--require", "required", multiple=True, metavar="SMARTS",
                     help="A part that each molecule has; may be repeated."),
        click.option("--forbid", "forbidden", multiple=True, metavar="SMARTS",
                     help="A part that no molecule has; may be repeated."),
        click.option("--similar-to", metavar="SMILES", help="Each molecule is like this one."),
        click.option("--similarity", type=click.FloatRange(0, 1), default=0.4, show_default=True,
                     help="The least Tanimoto similarity (ECFP4 counts) to --similar-to."),
        click.option("--condition", "conditions", multiple=True, metavar="NAME:LEAST:GREATEST", callback=_check_ranges,
                     help="Range of a descriptor, such as logp:1:3 or molecular_weight::500; may be repeated."),
        click.option("--max-atoms", "atoms", type=click.IntRange(1), help="Heavy atoms of a molecule, at most."),
        click.option("--no-alerts", is_flag=True, help="No structure alert of PAINS and BRENK."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def target_of(names: Sequence[str]) -> str | dict[str, str]:
    """Return what `Objective` takes for one name, or for several."""
    return names[0] if len(names) == 1 else {name: name for name in names}


def goals(target: str | Mapping[str, str], minimize: Sequence[str]) -> Mapping[str, Goal] | None:
    """Return the goals of the values of a target, some turned to small values; None for its own.

    Raises:
        UsageError: there is no such value.
    """
    if not minimize:
        return None
    from molvae.optimize import Goal
    from molvae.optimize.scorers import resolve

    known = dict(resolve(target).goals)
    for name in minimize:
        if name not in known:
            raise click.UsageError(f"--minimize {name}: there is no such objective; there are {', '.join(known)}")
        known[name] = Goal("minimize")
    return known


def constraints(wishes: dict[str, Any]) -> list[Constraint]:
    """Return the rules that the options stand for, and take these out of `wishes`."""
    given = {name: wishes.pop(name) for name in _CONSTRAINTS}
    from molvae.optimize import Contains, Lacks, NoAlerts, PropertyRange, SimilarTo, max_atoms

    rules: list[Constraint] = [*map(Contains, given["required"]), *map(Lacks, given["forbidden"])]
    if given["similar_to"] is not None:
        rules.append(SimilarTo(given["similar_to"], given["similarity"]))
    for name, (low, high) in map(parsed_range, given["conditions"]):
        limits = {"low": low, "high": high}
        rules.append(PropertyRange(name, **{end: limit for end, limit in limits.items() if limit is not None}))
    if given["atoms"] is not None:
        rules.append(max_atoms(given["atoms"]))
    return [*rules, NoAlerts()] if given["no_alerts"] else rules
