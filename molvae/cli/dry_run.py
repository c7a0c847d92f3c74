"""What `--dry-run` says: what a long command would read, what it would make of it, and where the result would go."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from molvae.cli.reading import STANDARD_STREAM, read_smiles

if TYPE_CHECKING:
    from molvae.chem.settings import Standardization
    from molvae.latent.space import LatentSpace

LOOKED_AT = 1_000  # rows: a second of work, and enough to see a wrong column

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would be read and written, and how the first rows fare; write nothing."
)


def look_at(
    source: Path, reading: dict[str, Any], *, standardization: Standardization, space: LatentSpace | None = None
) -> dict[str, object]:
    """Return what a command would find in a file of molecules, judged by its first rows.

    With a model the rows are encoded, so that what its vocabulary lacks is seen, and the time for all is told.
    """
    from molvae.chem import read_molecule
    from molvae.errors import MoleculeError

    if source == STANDARD_STREAM:
        return {"source": "standard input, which is not read now"}
    rows = list(itertools.islice(read_smiles(source, reading), LOOKED_AT))
    codes: Counter[str] = Counter(row.refusal.code for row in rows if row.refusal is not None)
    smiles = [row.smiles for row in rows if row.refusal is None]
    begun = time.perf_counter()
    if space is not None:
        codes.update(space.encode(smiles).refusals)
    else:
        for text in smiles:
            try:
                read_molecule(text, standardization)
            except MoleculeError as error:
                codes[error.code] += 1
    seconds = time.perf_counter() - begun
    refused = ", ".join(f"{code} {count:,}" for code, count in codes.most_common()) or "none"
    found: dict[str, object] = {"source": str(source), "rows_about": rows_of(source, reading.get("format"))}
    found[f"refused_of_the_first_{len(rows)}"] = refused
    total = found["rows_about"]
    if isinstance(total, int) and space is not None and smiles:
        found["time_on_one_process"] = duration(seconds / len(rows) * total)
    return found


def look_at_source(source: str, *, standardization: Standardization) -> dict[str, object]:
    """Return what training would find: a shard, a file, or a named data set, which is not downloaded for that."""
    from molvae import datasets

    if Path(source).is_dir():
        shard = datasets.TokenShard.open(source)
        return {"shard": source, "molecules": len(shard), "vocabulary": len(shard.vocabulary)}
    if Path(source).is_file() or Path(source).suffix != "":
        return look_at(Path(source), {}, standardization=standardization)
    named = datasets.dataset(source)
    return {
        "data_set": named.name, "molecules": named.molecules, "here": named.is_available or "would be downloaded"
    }  # fmt: skip


def rows_of(source: Path, format: Any = None) -> int | None:
    """Return about how many rows a file holds, None for a stream."""
    from molvae.datasets.estimates import estimate_rows

    return None if source == STANDARD_STREAM else estimate_rows(source, format=format)


def target(output: Path, *, parts: bool = False) -> str:
    """Return what is at the place where a command would write."""
    if output == STANDARD_STREAM:
        return "standard output"
    begun = parts and output.with_name(f".{output.name}.parts").is_dir()
    state = "which exists and would be replaced" if output.exists() else "which does not exist yet"
    return f"{output}, {'of which finished parts would be taken over' if begun else state}"


def target_folder(output: Path | None) -> str:
    """Return what is at the folder where a command would write, None for a command that only prints."""
    if output is None:
        return "standard output"
    return f"{output}, which {'exists and would be written into' if output.exists() else 'does not exist yet'}"


def duration(seconds: float) -> str:
    """Return a time as a person says it.

    >>> duration(5), duration(300), duration(20_000)
    ('less than a minute', 'about 5 minutes', 'about 5.6 hours')
    """
    if seconds < 60:
        return "less than a minute"
    return f"about {seconds / 60:.0f} minutes" if seconds < 7_200 else f"about {seconds / 3_600:.1f} hours"
