"""Files of molecules to a token shard: all cores, flat memory, and a killed run goes on where it was."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from molvae import __version__
from molvae.chem.settings import Standardization
from molvae.datasets.corpus import STANDARDIZATION, SourceRow, tokenize_rows
from molvae.datasets.files import atomic_path, file_sha256, remove_leftovers
from molvae.datasets.locks import sole_writer
from molvae.datasets.parts import Merged, digest, merge_parts, save_part
from molvae.datasets.readers import Source
from molvae.datasets.report import RejectionReport
from molvae.datasets.rows import Row
from molvae.datasets.shards import MANIFEST, TokenShard, write_shard
from molvae.datasets.writers import write_rows
from molvae.errors import DataError
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
from molvae.tokens.vocabulary import Vocabulary

PART_ROWS = 50_000  # what a kill can cost: ten seconds of work on two cores
_COLUMNS = ("source", "line", "name", "smiles", "code", "detail")

FileSource = Path | str | Source


def prepare(
    sources: FileSource | Sequence[FileSource],
    out: Path | str,
    *,
    standardization: Standardization = STANDARDIZATION,
    constraints: Constraints = DEFAULT_CONSTRAINTS,
    vocabulary: Vocabulary | None = None,
    exclude: Sequence[FileSource] = (),
    rejected: Path | str | None = None,
    workers: int | None = None,
    part_rows: int = PART_ROWS,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> TokenShard:
    """Write the molecules of one or several files to the shard `out`, duplicates left out, and return it opened.

    Call it again after a kill and it goes on: finished parts lie in a folder beside `out` until the shard is whole.
    Called again after that, with the same files and settings, it only opens the shard. The shard is the same for any
    number of `workers` (None: all usable cores) and after any interruption.

    Args:
        sources: files, or `Source` values where a column or delimiter must be named.
        out: the folder of the shard.
        standardization: what the gate takes and changes; stored in the shard.
        constraints: of SELFIES; stored in the shard.
        vocabulary: if given, molecules with other symbols are refused; otherwise the symbols found, sorted.
        exclude: files of molecules to leave out by canonical SMILES, such as a test set.
        rejected: a table to write every refused row to, with its line and reason.
        workers: number of processes.
        part_rows: rows per part; a change starts from the beginning.
        overwrite: replace a shard made from other files or settings.
        progress: called with the number of rows done since its last call.

    Raises:
        DataError: a file cannot be read, no molecule is left, or `out` holds something else.
        InUseError: another process is writing `out`.
    """
    files = [_as_source(source) for source in ([sources] if isinstance(sources, FileSource) else sources)]
    left_out = [_as_source(source) for source in exclude]
    plan = _Plan(
        tuple(map(_identity, files)), tuple(map(_identity, left_out)), standardization, constraints, vocabulary,
        part_rows,
    )  # fmt: skip
    return _prepare(
        [_rows_of(source) for source in files],
        Path(out),
        plan,
        exclude=lambda: _digests(left_out, plan, workers),
        rejected=rejected,
        workers=workers,
        overwrite=overwrite,
        progress=progress,
    )


def prepare_smiles(
    smiles: Sequence[str],
    out: Path | str,
    *,
    standardization: Standardization = STANDARDIZATION,
    constraints: Constraints = DEFAULT_CONSTRAINTS,
    vocabulary: Vocabulary | None = None,
    workers: int | None = 1,
    overwrite: bool = False,
) -> TokenShard:
    """Write molecules held in memory to the shard `out`, as `prepare` does with files.

    Raises:
        DataError: no molecule is left, or `out` holds something else.
    """
    identity = {"name": "", "sha256": hashlib.sha256(json.dumps(list(smiles)).encode()).hexdigest()}
    return _prepare(
        [(SourceRow("", Row(number, text)) for number, text in enumerate(smiles, start=1))],
        Path(out),
        _Plan((identity,), (), standardization, constraints, vocabulary),
        exclude=frozenset,
        rejected=None,
        workers=workers,
        overwrite=overwrite,
        progress=None,
    )


@dataclasses.dataclass(frozen=True)
class _Plan:
    """Everything that the result depends on."""

    sources: tuple[Mapping[str, str], ...]
    excluded: tuple[Mapping[str, str], ...]
    standardization: Standardization
    constraints: Constraints
    vocabulary: Vocabulary | None
    part_rows: int = PART_ROWS

    def __post_init__(self) -> None:
        if self.part_rows < 1:
            raise ValueError(f"part_rows must be at least 1, got {self.part_rows}")

    @property
    def hash(self) -> str:
        return hashlib.sha256(json.dumps([dataclasses.asdict(self), _versions()]).encode()).hexdigest()


def _prepare(
    sources: Sequence[Iterable[SourceRow]],
    out: Path,
    plan: _Plan,
    *,
    exclude: Callable[[], frozenset[bytes]],
    rejected: Path | str | None,
    workers: int | None,
    overwrite: bool,
    progress: Callable[[int], None] | None,
) -> TokenShard:
    finished = _finished(out, plan.hash, overwrite=overwrite, rejected=rejected)
    if finished is not None:
        return finished
    with sole_writer(out.with_name(f".{out.name}.lock"), out):
        remove_leftovers(out)
        return _write(sources, out, plan, exclude=exclude, rejected=rejected, workers=workers, progress=progress)


def _write(
    sources: Sequence[Iterable[SourceRow]],
    out: Path,
    plan: _Plan,
    *,
    exclude: Callable[[], frozenset[bytes]],
    rejected: Path | str | None,
    workers: int | None,
    progress: Callable[[int], None] | None,
) -> TokenShard:
    folder = _parts_folder(out, plan.hash)
    paths: list[Path] = []
    source_of_part: list[int] = []
    # A part never holds rows of two sources, so the molecules of a source lie together in the shard.
    chunks = ((number, chunk) for number, rows in enumerate(sources) for chunk in _chunked(rows, plan.part_rows))
    for source, chunk in chunks:
        path = folder / f"part-{len(paths):06d}.safetensors"
        paths.append(path)
        source_of_part.append(source)
        if path.exists():
            if progress is not None:
                progress(len(chunk))
            continue
        corpus = tokenize_rows(
            chunk,
            standardization=plan.standardization,
            constraints=plan.constraints,
            vocabulary=plan.vocabulary,
            workers=workers,
            progress=progress,
        )
        save_part(path, corpus)
    merged = merge_parts(paths, exclude=exclude())
    if rejected is not None:
        _write_rejected(rejected, merged)
    if merged.report.kept == 0:
        raise DataError(f"no molecule is left to train on: {_explained(merged.report)}")
    vocabulary = plan.vocabulary or Vocabulary.from_symbols(merged.symbols)
    shard = write_shard(
        out,
        merged.chunks(vocabulary),
        vocabulary=vocabulary,
        constraints=plan.constraints,
        standardization=plan.standardization,
        report=merged.report,
        sources=_described(plan, merged, source_of_part),
        versions=_versions(),
        plan=plan.hash,
    )
    shutil.rmtree(folder)
    return shard


def _rows_of(source: Source) -> Iterator[SourceRow]:
    return (SourceRow(source.name, row) for row in source.rows())


def _described(plan: _Plan, merged: Merged, source_of_part: Sequence[int]) -> list[dict[str, Any]]:
    """Return the name, hash and number of kept molecules of each source, in the order that they have in the shard."""
    counts = [0] * len(plan.sources)
    for source, kept in zip(source_of_part, merged.kept, strict=True):
        counts[source] += int(kept.sum())
    return [
        {"name": source["name"], "sha256": source["sha256"], "molecules": count}
        for source, count in zip(plan.sources, counts, strict=True)
    ]


def _as_source(source: FileSource) -> Source:
    return source if isinstance(source, Source) else Source(Path(source))


def _identity(source: Source) -> dict[str, str]:
    settings = {name: getattr(source, name) for name in Source.__slots__ if name != "path"}
    try:
        return {"name": source.name, "sha256": file_sha256(source.path), "settings": json.dumps(settings)}
    except OSError as err:
        raise DataError(f"{source.path} cannot be read: {err.strerror}") from err


def _versions() -> dict[str, str]:
    return {"molvae": __version__, "rdkit": version("rdkit"), "selfies": version("selfies")}


def _finished(out: Path, plan: str, *, overwrite: bool, rejected: Path | str | None) -> TokenShard | None:
    """Return the shard that is at `out` already, if it is the one asked for."""
    if not out.exists() or overwrite:
        return None
    if not (out / MANIFEST).is_file():
        raise DataError(f"{out} exists and is no token shard: choose another folder")
    shard = TokenShard.open(out)
    if shard.manifest.get("plan") != plan:
        raise DataError(f"{out} holds a shard of other files or settings: choose another folder, or overwrite it")
    return shard if rejected is None or Path(rejected).exists() else None


def _parts_folder(out: Path, plan: str) -> Path:
    """Return the folder of the parts, empty unless they belong to the same plan."""
    folder = out.with_name(f".{out.name}.parts")
    marker = folder / "plan.txt"
    if folder.exists() and not (marker.is_file() and marker.read_text(encoding="ascii") == plan):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not marker.exists():
        with atomic_path(marker) as temporary:
            temporary.write_text(plan, encoding="ascii")
    return folder


def _chunked(rows: Iterable[SourceRow], size: int) -> Iterator[list[SourceRow]]:
    remaining = iter(rows)
    while chunk := list(itertools.islice(remaining, size)):
        yield chunk


def _digests(sources: Sequence[Source], plan: _Plan, workers: int | None) -> frozenset[bytes]:
    rows = itertools.chain.from_iterable(map(_rows_of, sources))
    found: set[bytes] = set()
    for chunk in _chunked(rows, PART_ROWS):
        corpus = tokenize_rows(
            chunk, standardization=plan.standardization, constraints=plan.constraints, workers=workers
        )
        found.update(map(digest, corpus.smiles))
    return frozenset(found)


def _write_rejected(path: Path | str, merged: Merged) -> None:
    rows = ((each.source, each.number, each.name, each.text, each.code, each.detail) for each in merged.rejections())
    values = (dict(zip(_COLUMNS, row, strict=True)) for row in rows)
    write_rows(path, values, columns=_COLUMNS, smiles_column="")  # none of these is SMILES: guard them all


def _explained(report: RejectionReport) -> str:
    example = next((f"; line {each.number}: {each.detail}" for each in report.examples), "")
    return report.summary() + example
