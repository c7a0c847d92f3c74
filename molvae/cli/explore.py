"""`molvae explore`: a local web page to play with a latent space."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from molvae.cli.options import computing_options, load_space, model_option, seed_option
from molvae.cli.output import json_line, say
from molvae.cli.reading import read_smiles, reading_options

_DEFAULT_LIBRARY = "wehi10k"


@click.command(short_help="Open a local page: map, sliders, neighbours, paths.")
@click.argument("library", type=click.Path(path_type=Path), required=False)
@click.option("--port", type=click.IntRange(0, 65_535), default=8_765, show_default=True, help="0 takes a free one.")
@click.option("--browser/--no-browser", default=True, help="Whether to open the page.  [default: open it]")
@click.option(
    "--max-molecules", "most", type=click.IntRange(4, 5_000), default=1_500, show_default=True,
    help="Points on the map; of a larger library so many are drawn.",
)  # fmt: skip
@model_option
@reading_options
@seed_option
@computing_options
def explore(
    library: Path | None, port: int, browser: bool, most: int, model: Path | None, seed: int, as_json: bool,
    device: str, threads: int | None, workers: int | None, **reading: Any,
) -> int:  # fmt: skip
    """Open a page with a map of LIBRARY (default: screening compounds that come with RDKit) in the latent space.

    Click a molecule or type one; move it along property directions; see its neighbours and the way to another; take
    what you like along as SMILES. The page is served to this machine only and needs no network. Ctrl-C ends it.

    \b
    Examples:
      molvae explore
      molvae explore my-series.smi -m runs/mine
      molvae explore data/drugs.csv --no-browser --port 0
    """
    import molvae
    from molvae.evaluate.reference import draw
    from molvae.explore import Atlas, LocalServer, create_app

    rows = molvae.dataset(_DEFAULT_LIBRARY).rows() if library is None else read_smiles(library, reading)
    known = [row for row in rows if row.smiles]
    chosen = draw(known, most, seed=seed)
    space = load_space(model, device, threads, workers)
    say(f"laying out {len(chosen):,} of {len(known):,} molecules")
    atlas = Atlas.of(space, [str(row.smiles) for row in chosen], [row.name for row in chosen])
    server = LocalServer(create_app(atlas), port)
    click.echo(json_line({"url": server.url}) if as_json else server.url)
    sys.stdout.flush()
    say("Ctrl-C ends it")
    if browser:
        import webbrowser

        webbrowser.open(server.url)
    server.run()
    return 0
