"""`molvae search`: the rows of a library nearest to molecules, in milliseconds for millions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from molvae.cli.options import computing_options, load_space, model_option, output_option
from molvae.cli.output import progress, say
from molvae.cli.reading import STANDARD_STREAM, read_all
from molvae.cli.writing import write_table

if TYPE_CHECKING:
    from molvae.latent.index import Match, Metric

COLUMNS = ("query", "row", "name", "smiles", "distance", "similarity")


@click.command(short_help="Find the rows of a library nearest to molecules.")
@click.argument("library", type=click.Path(path_type=Path))
@click.argument("smiles", nargs=-1, required=True, metavar="SMILES...")
@click.option("-n", "--count", "count", type=click.IntRange(1), default=10, show_default=True, help="Rows of each.")
@click.option("--metric", type=click.Choice(["l2", "cosine"]), default="l2", show_default=True, help="Of the distance.")
@click.option("--exact", is_flag=True, help="Compare with every row; the graph finds nearly all of the same rows.")
@click.option("--index", "folder", type=click.Path(path_type=Path, file_okay=False), help="Of the index.  "
              "[default: LIBRARY.index]")  # fmt: skip
@click.option("--rebuild", is_flag=True, help="Build the index again.")
@model_option
@output_option("Where the rows go; the format is that of the suffix.")
@computing_options
def search(
    library: Path, smiles: tuple[str, ...], count: int, metric: Metric, exact: bool, folder: Path | None,
    rebuild: bool, model: Path | None, output: Path, as_json: bool, device: str, threads: int | None,
    workers: int | None,
) -> int:  # fmt: skip
    """Find the rows of LIBRARY, a file that `molvae encode` wrote, nearest to SMILES ('-': from standard input).

    \b
    Examples:
      molvae encode library.smi -o library.npz
      molvae search library.npz 'CC(=O)Oc1ccccc1C(=O)O' -n 5
      molvae search library.npz - -o near.csv < queries.smi

    The first search builds an index beside the file; later ones open it memory-mapped. Distance is that of latent
    vectors, similarity the Tanimoto similarity of the molecules.
    """
    from molvae.latent.vectors import count_points

    asked = [row.smiles for row in read_all(STANDARD_STREAM, {})] if smiles == ("-",) else list(smiles)
    space = load_space(model, device, threads, workers)
    with progress("Indexing", unit="rows", total=count_points(library)) as advance:
        index = space.index(library, folder, metric=metric, rebuild=rebuild, progress=advance)
    encoding = space.encode(asked)
    for text, status, detail in zip(asked, encoding.status, encoding.detail, strict=True):
        if status != "ok":
            say(f"{text} is refused, {status}: {detail}", kind="warning")
    near = iter(index.search(encoding.mean[encoding.ok], count, exact=exact) if encoding.ok.any() else ())
    found = [next(near) if ok else [] for ok in encoding.ok]
    write_table(COLUMNS, _rows(encoding.smiles, found), output, as_json=as_json)
    return 0 if encoding.ok.any() else 1


def _rows(queries: Sequence[str | None], found: Sequence[Sequence[Match]]) -> Iterator[Sequence[object]]:
    from molvae.chem import tanimoto_to

    for query, matches in zip(queries, found, strict=True):
        for match in matches:
            similarity = float(tanimoto_to(query, [match.smiles])[0]) if query and match.smiles else None
            yield query, match.row, match.name, match.smiles, match.distance, similarity
