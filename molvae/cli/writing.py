"""Where the rows of a command go: standard output, or a file whose suffix names the format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from molvae.cli.output import for_people, json_line, say
from molvae.cli.reading import STANDARD_STREAM

_DRAWN = 50  # molecules in a picture: ten rows of five


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]], output: Path, *, as_json: bool) -> None:
    """Write rows to a file, or print them.

    Printed rows are tab-separated under a header, a single column without one, or one JSON object each. With a file
    only the number of rows is told.
    """
    if output != STANDARD_STREAM:
        from molvae.datasets import write_rows

        count = write_rows(output, (dict(zip(columns, row, strict=True)) for row in rows), columns=columns)
        if as_json:
            click.echo(json_line({"output": str(output), "rows": count}))
        else:
            say(f"{count:,} rows written to {output}")
        return
    if not as_json and len(columns) > 1:
        click.echo("\t".join(columns))
    for row in rows:
        if as_json:
            click.echo(json_line(dict(zip(columns, row, strict=True))))
        else:
            click.echo("\t".join(map(for_people, row)))


def _check_picture(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix.lower() not in (".png", ".svg"):
        raise click.BadParameter(f"{value} must end in .png or .svg", ctx, parameter)
    return value


picture_option = click.option(
    "--picture",
    type=click.Path(path_type=Path),
    callback=_check_picture,
    help=f"Also draw the molecules, the first {_DRAWN}, into this PNG or SVG file.",
)


def draw(smiles: Sequence[str | None], picture: Path | None, *, legends: Sequence[str] | None = None) -> None:
    """Draw the first molecules into the file `picture`, if there is one."""
    if picture is None:
        return
    from molvae.chem import draw_grid, draw_grid_svg
    from molvae.datasets import atomic_path

    grid = smiles[:_DRAWN], None if legends is None else legends[:_DRAWN]
    image = draw_grid(*grid) if picture.suffix.lower() == ".png" else draw_grid_svg(*grid).encode()
    with atomic_path(picture) as temporary:
        temporary.write_bytes(image)
    say(f"{min(len(smiles), _DRAWN)} molecules drawn into {picture}")
