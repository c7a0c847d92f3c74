"""Token shards: a tokenized corpus, written once and memory-mapped ever after. Needs numpy and nothing of chemistry.

A shard is a folder:

    tokens.npy          uint16, the tokens of all molecules one after the other, without begin and end
    offsets.npy         int64 (n + 1,), where each molecule starts in tokens.npy
    smiles.smi          canonical SMILES, one per line, in the same order
    smiles_offsets.npy  int64 (n + 1,), where each line starts in smiles.smi
    shard.json          vocabulary, constraints, standardization, rejection report, sources, hashes, versions
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molvae.chem.settings import Standardization
from molvae.datasets.arrays import NpyWriter, map_array
from molvae.datasets.files import atomic_folder, file_sha256
from molvae.datasets.report import RejectionReport
from molvae.datasets.splits import random_split
from molvae.errors import DataError
from molvae.settings import settings_from_mapping
from molvae.tokens.constraints import Constraints
from molvae.tokens.vocabulary import SPECIAL_SYMBOLS, Vocabulary

FORMAT_VERSION = 1
MANIFEST = "shard.json"
_TOKENS, _OFFSETS, _SMILES, _SMILES_OFFSETS = "tokens.npy", "offsets.npy", "smiles.smi", "smiles_offsets.npy"
_FILES = (_TOKENS, _OFFSETS, _SMILES, _SMILES_OFFSETS)
_MAX_MANIFEST = 16 << 20  # bytes; a report and 5,000 symbols take far less
_SCAN = 1 << 22  # tokens looked at in one go when a shard is opened


@dataclasses.dataclass(frozen=True, slots=True)
class TokenChunk:
    """Some molecules on their way into a shard."""

    tokens: NDArray[np.uint16]  # (sum of lengths,), without begin and end
    lengths: NDArray[np.int64]  # (n,)
    smiles: Sequence[str]  # (n,), canonical

    @classmethod
    def from_rows(cls, tokens: Iterable[Sequence[int]], smiles: Sequence[str]) -> TokenChunk:
        """Return the chunk of molecules given as one sequence of tokens each."""
        rows = [np.asarray(row, dtype=np.uint16) for row in tokens]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        return cls(np.concatenate(rows) if rows else np.empty(0, np.uint16), lengths, smiles)


def write_shard(
    folder: Path | str,
    chunks: Iterable[TokenChunk],
    *,
    vocabulary: Vocabulary,
    constraints: Constraints,
    standardization: Standardization,
    report: RejectionReport | None = None,
    sources: Sequence[Mapping[str, str | int]] = (),
    versions: Mapping[str, str] | None = None,
    plan: str = "",
) -> TokenShard:
    """Write a shard, whole or not at all, in memory bounded by the largest chunk, and return it opened.

    `sources` says what it was made from (`name`, `sha256` and kept `molecules` of each file, in the order of the
    chunks), `versions` by which libraries, `plan` is a hash of what it was to be made from and how.

    Raises:
        DataError: no molecules, an empty molecule, or a token outside the vocabulary.
    """
    count = 0
    with atomic_folder(folder) as temporary:
        with ExitStack() as stack:
            tokens = stack.enter_context(NpyWriter(temporary / _TOKENS, np.dtype("<u2")))
            offsets = stack.enter_context(NpyWriter(temporary / _OFFSETS, np.dtype("<i8")))
            smiles_offsets = stack.enter_context(NpyWriter(temporary / _SMILES_OFFSETS, np.dtype("<i8")))
            smiles = stack.enter_context(open(temporary / _SMILES, "wb"))
            end = smiles_end = np.zeros(1, dtype=np.int64)
            offsets.append(end)
            smiles_offsets.append(smiles_end)
            for chunk in chunks:
                _check_chunk(chunk, vocabulary)
                lines = [f"{line}\n".encode("ascii") for line in chunk.smiles]
                starts = end[-1] + np.cumsum(chunk.lengths)
                smiles_starts = smiles_end[-1] + np.cumsum([len(line) for line in lines], dtype=np.int64)
                if len(lines) == 0:
                    continue
                tokens.append(chunk.tokens)
                offsets.append(starts)
                smiles.write(b"".join(lines))
                smiles_offsets.append(smiles_starts)
                end, smiles_end, count = starts, smiles_starts, count + len(lines)
        if count == 0:
            raise DataError("a shard needs at least one molecule, got none")
        manifest = {
            "format": "molvae token shard",
            "format_version": FORMAT_VERSION,
            "molecules": count,
            "tokens": int(end[-1]),
            "vocabulary": list(vocabulary.symbols),
            "constraints": constraints.as_dict(),
            "standardization": dataclasses.asdict(standardization),
            "report": (report or RejectionReport(read=count, kept=count)).as_json(),
            "sources": [dict(source) for source in sources],
            "versions": dict(versions or {}),
            "plan": plan,
            "sha256": {name: file_sha256(temporary / name) for name in _FILES},
        }
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return TokenShard.open(folder)


def _check_chunk(chunk: TokenChunk, vocabulary: Vocabulary) -> None:
    if not len(chunk.lengths) == len(chunk.smiles) or int(chunk.lengths.sum()) != len(chunk.tokens):
        raise DataError(
            f"a chunk must have one length and one SMILES per molecule, got {len(chunk.lengths)} lengths that sum to "
            f"{int(chunk.lengths.sum())}, {len(chunk.smiles)} SMILES and {len(chunk.tokens)} tokens"
        )
    if len(chunk.lengths) and int(chunk.lengths.min()) < 1:
        raise DataError(f"molecule {int(chunk.lengths.argmin())} of a chunk has no tokens")
    _check_tokens(chunk.tokens, vocabulary)


def _check_tokens(tokens: NDArray[np.uint16], vocabulary: Vocabulary) -> None:
    if len(tokens) and not len(SPECIAL_SYMBOLS) <= int(tokens.min()) <= int(tokens.max()) < len(vocabulary):
        raise DataError(
            f"tokens must be from {len(SPECIAL_SYMBOLS)} to {len(vocabulary) - 1} for a vocabulary of "
            f"{len(vocabulary)}, got {int(tokens.min())} to {int(tokens.max())}"
        )


class TokenShard:
    """A shard opened for reading; its arrays stay on the disk until they are used."""

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """Keep what `open` has checked; use `TokenShard.open`."""
        self.path = path
        self.manifest = manifest
        self.tokens: NDArray[np.uint16] = map_array(path / _TOKENS, np.dtype("<u2"))
        self.offsets: NDArray[np.int64] = map_array(path / _OFFSETS, np.dtype("<i8"))
        self._smiles_offsets: NDArray[np.int64] = map_array(path / _SMILES_OFFSETS, np.dtype("<i8"))
        self._smiles: NDArray[np.uint8] = np.memmap(path / _SMILES, dtype=np.uint8, mode="r")
        self.vocabulary = Vocabulary(tuple(manifest["vocabulary"]))
        self.constraints = Constraints.from_mapping(manifest["constraints"])
        self.standardization: Standardization = settings_from_mapping(
            Standardization, manifest["standardization"], where="standardization"
        )
        self.report = RejectionReport.from_json(manifest["report"])

    @classmethod
    def open(cls, path: Path | str, *, verify: bool = False) -> TokenShard:
        """Return the shard in the folder `path`, checked; `verify=True` also compares the stored SHA-256 sums.

        Raises:
            DataError: no shard is there, or it is damaged, or of another format.
        """
        path = Path(path)
        manifest = _read_manifest(path)
        try:
            shard = cls(path, manifest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
            raise DataError(f"{path} is no token shard that can be read: {err}") from err
        shard._check(verify=verify)
        return shard

    def _check(self, *, verify: bool) -> None:
        count, size = self.manifest.get("molecules"), self.manifest.get("tokens")
        ends = ((self.offsets, len(self.tokens), _OFFSETS), (self._smiles_offsets, len(self._smiles), _SMILES_OFFSETS))
        if (count, size) != (len(self), len(self.tokens)) or len(self) < 1:
            raise DataError(f"{self.path} is damaged: {MANIFEST} speaks of {count} molecules and {size} tokens, the "
                            f"arrays hold {len(self)} and {len(self.tokens)}")  # fmt: skip
        for offsets, end, name in ends:
            if len(offsets) != len(self) + 1 or offsets[0] != 0 or offsets[-1] != end or np.any(np.diff(offsets) < 1):
                raise DataError(f"{self.path / name} is damaged: offsets must rise from 0 to {end} for {count} rows")
        try:
            for start in range(0, len(self.tokens), _SCAN):
                _check_tokens(self.tokens[start : start + _SCAN], self.vocabulary)
        except DataError as err:
            raise DataError(f"{self.path / _TOKENS} is damaged: {err}") from None
        if verify:
            for name in _FILES:
                if file_sha256(self.path / name) != self.manifest["sha256"].get(name):
                    raise DataError(f"{self.path / name} is damaged: its SHA-256 is not the one in {MANIFEST}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """The number of symbols of each molecule (n,), without begin and end."""
        return np.diff(self.offsets)

    @cached_property
    def groups(self) -> tuple[tuple[str, range], ...]:
        """The name and the rows of each source that has molecules here; one group where the shard does not say."""
        sources = self.manifest["sources"]
        counts = [source.get("molecules") for source in sources]
        if not all(isinstance(count, int) and count >= 0 for count in counts) or sum(counts) != len(self):
            return (("all", range(len(self))),)
        ends = np.cumsum([0, *counts]).tolist()
        spans = zip(sources, itertools.pairwise(ends), strict=True)
        return tuple((str(source["name"]), range(*span)) for source, span in spans if span[0] < span[1])

    def group_of(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the position among `groups` of each of `rows` (n,)."""
        starts = [span.start for _, span in self.groups]
        return np.searchsorted(starts, rows, side="right") - 1

    def tokens_of(self, index: int) -> NDArray[np.uint16]:
        """Return the tokens of one molecule (length,), without begin and end."""
        index = range(len(self))[index]
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    def smiles_of(self, index: int) -> str:
        """Return the canonical SMILES of one molecule.

        Raises:
            DataError: the file is damaged there.
        """
        index = range(len(self))[index]
        line = bytes(self._smiles[self._smiles_offsets[index] : self._smiles_offsets[index + 1] - 1])
        try:
            return line.decode("ascii")
        except UnicodeDecodeError as err:
            raise DataError(f"{self.path / _SMILES} is damaged: molecule {index} is no SMILES ({err})") from err

    def smiles(self, indices: Iterable[int] | None = None) -> Iterator[str]:
        """Yield the canonical SMILES of the molecules `indices`, or of all."""
        for index in range(len(self)) if indices is None else indices:
            yield self.smiles_of(int(index))

    @property
    def data_hash(self) -> str:
        """The SHA-256 of what the shard holds: the same molecules, tokens and vocabulary give the same hash."""
        parts = [self.manifest["sha256"][name] for name in _FILES]
        return hashlib.sha256("\n".join([*parts, *self.vocabulary.symbols]).encode()).hexdigest()

    def split(self, validation: int | float, *, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows to train on and the rows to validate on, drawn from a seed, each in rising order.

        `validation` is a number of molecules, or a share of them if it is below 1.

        Raises:
            ValueError: no molecule would be left to train on.
        """
        share = validation / len(self) if validation >= 1 else float(validation)
        if not 0 <= share < 1 or round(share * len(self)) >= len(self):
            raise ValueError(f"validation must leave some of {len(self)} molecules to train on, got {validation}")
        train, held_out = random_split(len(self), (1 - share, share), seed=seed)
        return train, held_out

    def __repr__(self) -> str:
        return f"TokenShard({str(self.path)!r}, {len(self):,} molecules, {len(self.vocabulary)} symbols)"


def _read_manifest(path: Path) -> Mapping[str, Any]:
    try:
        file = path / MANIFEST
        for name in (MANIFEST, *_FILES):
            if (path / name).exists() and not (path / name).is_file():  # to open a pipe would wait for ever
                raise DataError(f"{path / name} is no file")
        if file.stat().st_size > _MAX_MANIFEST:
            raise DataError(f"{file} is larger than {_MAX_MANIFEST >> 20} MB")
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} is no token shard: it has no {MANIFEST}; `molvae data prepare` makes one") from None
    except NotADirectoryError:
        raise DataError(f"{path} is a file, not a token shard; `molvae data prepare` makes one of it") from None
    except DataError:
        raise
    except (OSError, ValueError, RecursionError) as err:  # of Unicode, JSON, or a number of 5,000 digits
        raise DataError(f"{path / MANIFEST} cannot be read: {err}") from err
    if not isinstance(manifest, dict) or manifest.get("format") != "molvae token shard":
        raise DataError(f"{path / MANIFEST} is not the manifest of a molvae token shard")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise DataError(
            f"{path} has shard format {str(manifest.get('format_version'))[:20]}, this molvae reads {FORMAT_VERSION}"
        )
    digests, sources = manifest.get("sha256"), manifest.get("sources")
    if not isinstance(digests, dict) or not all(isinstance(digests.get(name), str) for name in _FILES):
        raise DataError(f"{path / MANIFEST} is damaged: it must hold the SHA-256 of {', '.join(_FILES)}")
    if not isinstance(sources, list) or not all(isinstance(each, dict) and "name" in each for each in sources):
        raise DataError(f"{path / MANIFEST} is damaged: sources must be a list of objects with a name")
    return manifest
