"""Several token shards as one, so that each data set is prepared once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molvae.datasets.parts import digest, first_occurrences
from molvae.datasets.report import RejectionReport
from molvae.datasets.shards import TokenChunk, TokenShard, write_shard
from molvae.errors import DataError
from molvae.tokens.vocabulary import SPECIAL_SYMBOLS, Vocabulary

_BLOCK = 50_000  # molecules


def merge_shards(shards: Sequence[TokenShard], out: Path | str) -> TokenShard:
    """Write the molecules of several shards to the shard `out`, one after the other, and return it opened.

    A molecule stays where it is found first. The sources of the shards stay apart, as `TokenShard.groups`.

    Raises:
        DataError: no shards, shards prepared under different settings, or `out` exists.
    """
    out = Path(out)
    if not shards:
        raise DataError("shards must hold at least one shard, got none")
    if out.exists():
        raise DataError(f"{out} exists: choose another folder")
    for shard in shards[1:]:
        for name in ("constraints", "standardization"):
            if getattr(shard, name) != getattr(shards[0], name):
                raise DataError(
                    f"{shard.path} was prepared under another {name} setting than {shards[0].path}, so their tokens "
                    "mean different molecules: prepare both with the same settings"
                )
    symbols = {symbol for shard in shards for symbol in shard.vocabulary.symbols[len(SPECIAL_SYMBOLS) :]}
    vocabulary = Vocabulary.from_symbols(symbols)
    masks = _first_of_each(shards)
    report = RejectionReport()
    for shard in shards:
        report = report + shard.report
    kept = sum(int(mask.sum()) for mask in masks)
    repeated = sum(map(len, shards)) - kept
    return write_shard(
        out,
        _chunks(shards, masks, vocabulary),
        vocabulary=vocabulary,
        constraints=shards[0].constraints,
        standardization=shards[0].standardization,
        report=replace(report, kept=kept, duplicates=report.duplicates + repeated),
        sources=[source for shard, mask in zip(shards, masks, strict=True) for source in _sources(shard, mask)],
        versions=shards[0].manifest.get("versions"),
    )


def _first_of_each(shards: Sequence[TokenShard]) -> list[NDArray[np.bool_]]:
    found = b"".join(digest(smiles) for shard in shards for smiles in shard.smiles())
    first = first_occurrences(np.frombuffer(found, dtype=np.uint64).reshape(-1, 2))
    return np.split(first, np.cumsum([len(shard) for shard in shards])[:-1])


def _chunks(
    shards: Sequence[TokenShard], masks: Sequence[NDArray[np.bool_]], vocabulary: Vocabulary
) -> Iterator[TokenChunk]:
    for shard, mask in zip(shards, masks, strict=True):
        token_here = np.array(vocabulary.encode(shard.vocabulary.symbols), dtype=np.uint16)
        for start in range(0, len(shard), _BLOCK):
            kept = mask[start : start + _BLOCK]
            lengths = shard.lengths[start : start + _BLOCK]
            tokens = shard.tokens[shard.offsets[start] : shard.offsets[start + len(kept)]]
            smiles = list(shard.smiles((start + kept.nonzero()[0]).tolist()))
            yield TokenChunk(token_here[tokens[np.repeat(kept, lengths)]], lengths[kept], smiles)


def _sources(shard: TokenShard, mask: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return the sources of a shard with the number of molecules that each still has."""
    sources = [dict(source) for source in shard.manifest["sources"]]
    if len(shard.groups) != len(sources):  # an empty source, or a shard that does not say which molecules are whose
        counts = {name: int(mask[span.start : span.stop].sum()) for name, span in shard.groups}
        return [{"name": name, "sha256": "", "molecules": count} for name, count in counts.items()]
    for source, (_, span) in zip(sources, shard.groups, strict=True):
        source["molecules"] = int(mask[span.start : span.stop].sum())
    return sources
