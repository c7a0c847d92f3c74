"""Finished parts of a corpus on the disk, and how they become one shard: what makes `prepare` resume."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from molvae.datasets.corpus import Corpus
from molvae.datasets.files import atomic_path
from molvae.datasets.report import Rejection, RejectionReport, rejection_as_json, rejection_from_json
from molvae.datasets.shards import TokenChunk
from molvae.errors import DataError
from molvae.tokens.vocabulary import Vocabulary


def save_part(path: Path, corpus: Corpus) -> None:
    """Write one part, whole or not at all."""
    rejections = "\n".join(json.dumps(rejection_as_json(rejection)) for rejection in corpus.rejections)
    arrays: dict[str, NDArray[Any]] = {
        "tokens": corpus.tokens,
        "lengths": corpus.lengths,
        "smiles": np.frombuffer("\n".join(corpus.smiles).encode("ascii"), dtype=np.uint8),
        "rejections": np.frombuffer(rejections.encode("ascii"), dtype=np.uint8),  # json escapes what is not ASCII
    }
    metadata = {"symbols": json.dumps(corpus.symbols), "report": json.dumps(corpus.report.as_json())}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(arrays, metadata=metadata))  # safetensors' own way to a file hides why it fails


def load_part(path: Path) -> Corpus:
    """Return a part that `save_part` wrote.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with safe_open(path, framework="numpy") as stored:
            arrays = {name: stored.get_tensor(name) for name in ("tokens", "lengths", "smiles", "rejections")}
            metadata = stored.metadata()
        rejected = arrays["rejections"].tobytes().decode("ascii").split("\n") if len(arrays["rejections"]) else []
        corpus = Corpus(
            symbols=tuple(json.loads(metadata["symbols"])),
            tokens=arrays["tokens"],
            lengths=arrays["lengths"],
            smiles=tuple(arrays["smiles"].tobytes().decode("ascii").split("\n")) if len(arrays["smiles"]) else (),
            rejections=tuple(rejection_from_json(json.loads(line)) for line in rejected),
            report=RejectionReport.from_json(json.loads(metadata["report"])),
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as err:
        raise DataError(f"{path} is damaged: remove its folder and prepare again ({err})") from err
    return corpus


@dataclass(frozen=True)
class Merged:
    """What the parts hold together once duplicates and excluded molecules are out."""

    paths: tuple[Path, ...]
    kept: tuple[NDArray[np.bool_], ...]  # one mask (n,) per part
    symbols: frozenset[str]  # of the kept molecules
    report: RejectionReport

    def chunks(self, vocabulary: Vocabulary) -> Iterator[TokenChunk]:
        """Yield the kept molecules part by part, as tokens of `vocabulary`, which holds all their symbols."""
        for path, kept in zip(self.paths, self.kept, strict=True):
            part = load_part(path)
            local_to_global = np.array(
                [vocabulary.token(symbol) if symbol in vocabulary else 0 for symbol in part.symbols], dtype=np.uint16
            )
            tokens = local_to_global[part.tokens[np.repeat(kept, part.lengths)]]
            smiles = [text for text, keep in zip(part.smiles, kept, strict=True) if keep]
            yield TokenChunk(tokens, part.lengths[kept], smiles)

    def rejections(self) -> Iterator[Rejection]:
        """Yield the refused rows of all parts."""
        for path in self.paths:
            yield from load_part(path).rejections


def merge_parts(paths: Sequence[Path], *, exclude: Collection[bytes] = frozenset()) -> Merged:
    """Return which molecules of the parts are kept: the first of each canonical SMILES, unless `digest` excludes it."""
    report = RejectionReport()
    digests: list[NDArray[np.uint64]] = []
    admitted: list[NDArray[np.bool_]] = []
    for path in paths:
        part = load_part(path)
        found = [digest(smiles) for smiles in part.smiles]
        digests.append(np.frombuffer(b"".join(found), dtype=np.uint64).reshape(-1, 2))
        admitted.append(np.array([each not in exclude for each in found], dtype=bool))
        report = report + part.report
    bounds = np.cumsum([len(mask) for mask in admitted])[:-1]
    allowed = np.concatenate([*admitted, np.empty(0, dtype=bool)])
    kept = allowed.copy()
    kept[allowed] = first_occurrences(np.concatenate([*digests, np.empty((0, 2), np.uint64)])[allowed])
    excluded = int((~allowed).sum())
    report = replace(report, kept=int(kept.sum()), excluded=excluded, duplicates=int(allowed.sum() - kept.sum()))
    masks = tuple(np.split(kept, bounds)) if len(paths) else ()
    return Merged(tuple(paths), masks, _symbols_of(paths, masks), report)


def digest(smiles: str) -> bytes:
    """Return 16 bytes that stand for a canonical SMILES; among 10 billion molecules a collision has odds of 1e-19."""
    return hashlib.blake2b(smiles.encode("ascii"), digest_size=16).digest()


def first_occurrences(digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return a mask (n,) of the rows of `digests` (n, 2) that are the first with their value."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: equal rows stay in their order
    ordered = digests[order]
    first = np.ones(len(digests), dtype=bool)
    first[order[1:]] = np.any(ordered[1:] != ordered[:-1], axis=1)
    return first


def _symbols_of(paths: Iterable[Path], masks: Iterable[NDArray[np.bool_]]) -> frozenset[str]:
    found: set[str] = set()
    for path, kept in zip(paths, masks, strict=True):
        part = load_part(path)
        used = np.unique(part.tokens[np.repeat(kept, part.lengths)])
        found.update(part.symbols[token] for token in used)
    return frozenset(found)
