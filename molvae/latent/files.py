"""File to file through the latent space: streaming, in bounded memory, going on after any kill (`parts`)."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molvae.datasets.readers import file_format, read_rows
from molvae.datasets.rows import Row
from molvae.datasets.writers import write_rows
from molvae.errors import DataError, MoleculeError
from molvae.latent.network import checked_width
from molvae.latent.parts import Arrays, Job, Parts, Progress, numbered_parts, parse_shard
from molvae.latent.results import OK
from molvae.latent.vectors import BLOCK, FORMATS, MAX_NAME, VectorBlock, read_points, vector_format, write_vectors
from molvae.model.generation import GREEDY, Sampling

if TYPE_CHECKING:
    from molvae.latent.space import LatentSpace

PART_ROWS = 8_192  # some seconds of work: what a kill costs
NOT_FINITE = "not_finite"  # the status of a point with NaN, as the rows of refused molecules are
_MAX_TEXT = 200  # characters of a refused row that are reported


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of the rows of a file: `read` is always `taken` plus the sum of `refused`."""

    path: Path  # what was written
    read: int
    taken: int
    refused: Mapping[str, int] = field(default_factory=dict)  # by reason code
    resumed: int = 0  # rows taken over from an interrupted run

    def summary(self) -> str:
        """Return the report as one line.

        >>> FileReport(Path("out.npz"), read=5, taken=3, refused={"syntax": 2}).summary()
        '5 rows read, 3 taken, 2 refused (syntax 2), written to out.npz'
        """
        reasons = ", ".join(f"{code} {count:,}" for code, count in Counter(self.refused).most_common())
        refused = f"{sum(self.refused.values()):,} refused" + (f" ({reasons})" if reasons else "")
        resumed = f", {self.resumed:,} from an interrupted run" if self.resumed else ""
        return f"{self.read:,} rows read, {self.taken:,} taken, {refused}, written to {self.path.name}{resumed}"


def encode_file(
    space: LatentSpace,
    source: Path | str,
    out: Path | str,
    *,
    refine: bool = False,
    shard: str | None = None,
    rejected: Path | str | None = None,
    progress: Progress = lambda rows: None,
    part_rows: int = PART_ROWS,
    **reading: Any,
) -> FileReport:
    """Encode a file of molecules to a file of vectors, row for row, and return what became of the rows.

    Args:
        space: the model.
        source: .smi, .csv, .tsv, .sdf or .parquet, plain or .gz.
        out: .npz, .npy, .csv, .tsv or .parquet; with `shard`, `-i-of-n` is put before the suffix.
        refine: move each mean to where the molecule decodes exactly, as `LatentSpace.encode` tells.
        shard: "i/n", such as "2/10": only each n-th row, for the i-th of n jobs.
        rejected: file for the refused rows: row, name, code, detail, text.
        progress: called with numbers of rows as they are finished.
        part_rows: rows between two points at which a killed run can go on.
        reading: how to read the source, as in `read_rows`: format, smiles_column, name_column, header, delimiter.

    Raises:
        DataError: a source that cannot be read, or a suffix that names no format.
        InUseError: another process is writing `out`.
        ValueError: a shard that is not "i/n".
    """
    out = _of_shard(Path(out), shard)
    vector_format(out)  # before the work, not after

    def work(rows: Iterator[Row]) -> Iterator[list[_Vector]]:
        for encoding in space.pipeline.encode((row.smiles for row in rows), many=True, refine=refine):
            columns = (encoding.smiles, encoding.status, encoding.detail, encoding.mean, encoding.log_var)
            yield [_Vector(*row) for row in zip(*columns, strict=True)]

    with Parts.alone(out, f"encode{' refined' if refine else ''} {_model_hash(space)}") as parts:
        job = Job(parts, _row_text, work, _encoded_arrays, progress)
        numbers, resumed = job.run(numbered_parts(read_rows(source, **reading), part_rows, parse_shard(shard)))
        _check_any(numbers, source, shard)
        write_vectors(out, lambda: (VectorBlock(**_fields(parts.load(n), VectorBlock._fields)) for n in numbers))
        return _finish(parts, numbers, out, rejected, resumed)


def decode_file(
    space: LatentSpace,
    source: Path | str,
    out: Path | str,
    *,
    shard: str | None = None,
    rejected: Path | str | None = None,
    progress: Progress = lambda rows: None,
    part_rows: int = PART_ROWS,
    sampling: Sampling = GREEDY,
    seed: int = 0,
) -> FileReport:
    """Decode a file of vectors to a file of molecules and return what became of the rows; see `encode_file`.

    Args:
        space: the model.
        source: what `encode_file` or numpy wrote.
        out: .csv, .tsv or .parquet with the columns row, name, smiles, status, row for row; .smi holds molecules
            only, without the rows that gave none.
        shard: "i/n": only each n-th row, for the i-th of n jobs.
        rejected: file for the rows that gave no molecule.
        progress: called with numbers of rows as they are finished.
        part_rows: rows between two points at which a killed run can go on.
        sampling: how symbols are chosen; the most likely ones unless given.
        seed: of the symbols that are drawn; those of a row depend on it and on the place of the row in the source, and
            not on parts, shards, batches or interruptions.

    Raises:
        DataError: a source that cannot be read or has another width, or a suffix that names no format.
        InUseError: another process is writing `out`.
        ValueError: a shard that is not "i/n".
    """
    out = _of_shard(Path(out), shard)
    molecules_only = file_format(out) in ("smi", "sdf")

    def work(points: Iterator[_Point]) -> Iterator[list[_Decoded]]:
        finite: deque[bool] = deque()
        places: deque[int] = deque()

        def blocks() -> Iterator[NDArray[np.float32]]:
            while block := list(itertools.islice(points, BLOCK)):
                z = checked_width(np.stack([point.z for point in block]), space.latent_dim)
                usable = np.asarray(np.isfinite(z).all(axis=1))
                finite.extend(bool(ok) for ok in usable)
                places.extend(point.place for point in block)
                yield np.where(usable[:, None], z, 0)  # keeps the rows aligned; what it decodes to is not used

        numbers = iter(places.popleft, None)
        for smiles in space.pipeline.decode(blocks(), many=True, sampling=sampling, seed=seed, numbers=numbers):
            yield [_decoded(smiles) if finite.popleft() else _NO_POINT]

    drawn = f" {sampling} {seed}" if sampling.temperature else ""  # a greedy result depends on neither
    with Parts.alone(out, f"decode {_model_hash(space)}{drawn}") as parts:
        job = Job(parts, _point_text, work, _decoded_arrays, progress)
        numbers, resumed = job.run(numbered_parts(_points(Path(source)), part_rows, parse_shard(shard)))
        _check_any(numbers, source, shard)
        write_rows(out, _molecules((parts.load(n) for n in numbers), molecules_only), columns=_COLUMNS)
        return _finish(parts, numbers, out, rejected, resumed)


_COLUMNS = ("row", "name", "smiles", "status")


class _Vector(NamedTuple):
    smiles: str | None
    status: str
    detail: str
    mean: NDArray[np.float32]
    log_var: NDArray[np.float32]


class _Point(NamedTuple):
    place: int  # in the source, from 0
    row: int
    name: str
    z: NDArray[np.float32]


class _Decoded(NamedTuple):
    smiles: str
    status: str
    detail: str


_NO_POINT = _Decoded("", NOT_FINITE, "the vector holds NaN or infinity, as the rows of refused molecules do")


def _decoded(smiles: str | MoleculeError) -> _Decoded:
    return _Decoded(smiles, OK, "") if isinstance(smiles, str) else _Decoded("", str(smiles.code), smiles.detail)


def _points(source: Path) -> Iterator[_Point]:
    place = itertools.count()
    for block in read_points(source):
        rows = zip(block.row, block.name, block.z, strict=True)
        yield from (_Point(next(place), int(row), name, z) for row, name, z in rows)


def _row_text(row: Row) -> str:
    return repr((row.number, row.name, row.smiles, str(row.refusal or "")))


def _point_text(point: _Point) -> str:
    return repr((point.place, point.row, point.name, point.z.tobytes()))


def _encoded_arrays(rows: list[Row], vectors: list[_Vector]) -> Arrays:
    refusals = [row.refusal for row in rows]  # of the reader, which knows more than the gate that saw None
    status = [refusal.code if refusal else vector.status for refusal, vector in zip(refusals, vectors, strict=True)]
    detail = [refusal.detail if refusal else vector.detail for refusal, vector in zip(refusals, vectors, strict=True)]
    return {
        "row": np.array([row.number for row in rows], dtype=np.int64),
        "name": np.array([row.name[:MAX_NAME] for row in rows], dtype=np.str_),
        "smiles": np.array([vector.smiles or "" for vector in vectors], dtype=np.str_),
        "status": np.array([str(code) for code in status], dtype=np.str_),
        "mean": np.stack([vector.mean for vector in vectors]),
        "log_var": np.stack([vector.log_var for vector in vectors]),
        "detail": np.array(detail, dtype=np.str_),
        "text": np.array([_shown(row.smiles, code) for row, code in zip(rows, status, strict=True)], dtype=np.str_),
    }


def _shown(text: str | None, status: str) -> str:
    return "" if status == OK or text is None else text[:_MAX_TEXT]


def _decoded_arrays(points: list[_Point], decoded: list[_Decoded]) -> Arrays:
    return {
        "row": np.array([point.row for point in points], dtype=np.int64),
        "name": np.array([point.name[:MAX_NAME] for point in points], dtype=np.str_),
        **{
            key: np.array([getattr(molecule, key) for molecule in decoded], dtype=np.str_)
            for key in ("smiles", "status", "detail")
        },
        "text": np.full(len(points), ""),
    }


def _molecules(blocks: Iterable[Arrays], molecules_only: bool) -> Iterator[dict[str, object]]:
    for block in blocks:
        for row, name, smiles, status in zip(*(block[key] for key in _COLUMNS), strict=True):
            if status == OK or not molecules_only:
                yield {"row": int(row), "name": str(name), "smiles": str(smiles), "status": str(status)}


def _check_any(numbers: list[int], source: Path | str, shard: str | None) -> None:
    if not numbers:
        raise DataError(f"{source} has no rows" + (f" for shard {shard}: it has fewer than that" if shard else ""))


def _finish(parts: Parts, numbers: list[int], out: Path, rejected: Path | str | None, resumed: int) -> FileReport:
    """Write the refused rows, remove the parts, and count."""
    counts: Counter[str] = Counter()

    def refused() -> Iterator[dict[str, object]]:
        for number in numbers:
            block = parts.load(number)
            counts.update(block["status"].tolist())
            for i in np.flatnonzero(block["status"] != OK):
                texts = {"name": "name", "code": "status", "detail": "detail", "text": "text"}
                yield {"row": int(block["row"][i]), **{key: str(block[field][i]) for key, field in texts.items()}}

    if rejected is not None:
        write_rows(rejected, refused(), columns=("row", "name", "code", "detail", "text"), smiles_column="")
    else:
        for _row in refused():  # counts
            pass
    parts.remove()
    read, taken = counts.total(), counts.pop(OK, 0)
    return FileReport(out, read, taken, dict(counts.most_common()), resumed)


def _fields(arrays: Arrays, names: Iterable[str]) -> Arrays:
    return {name: arrays[name] for name in names}


def _of_shard(out: Path, shard: str | None) -> Path:
    """Return the output of one shard: library.csv.gz for "2/10" is library-2-of-10.csv.gz."""
    if shard is None:
        return out
    index, count = parse_shard(shard)
    suffix = next((suffix for suffix in FORMATS if out.name.lower().endswith(suffix)), out.suffix)
    return out.with_name(f"{out.name[: len(out.name) - len(suffix)]}-{index}-of-{count}{suffix}")


def _model_hash(space: LatentSpace) -> str:
    """Return a hash of everything in the model that a result depends on."""
    digest = hashlib.sha256(repr((space.pipeline.codec, space.pipeline.network.precision)).encode())
    for name, weight in sorted(space.checkpoint.vae.state_dict().items()):
        digest.update(name.encode() + weight.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
