"""Tokenizing and decoding many molecules: in order, in bounded memory, the same for any number of processes."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import canonical_of_derived, read_quietly
from molvae.chem.reasons import Note, Reason
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.errors import MoleculeError
from molvae.tokens.codec import (
    EncodedMolecule,
    MoleculeCodec,
    TokenizedMolecule,
    tokenize_molecule,
)
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
from molvae.tokens.processes import CHUNK_SIZE, in_order, resolve_workers

__all__ = ["CHUNK_SIZE", "decode_many", "encode_many", "resolve_workers", "select_many", "tokenize_many"]

Keep = Callable[[int, Sequence[int], str], bool]  # whether a row is wanted: its number, tokens and canonical SMILES

_NOT_SELECTED = MoleculeError(Reason.NOT_SELECTED, "the prior leaves out molecules that come too often")

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


def tokenize_many(
    inputs: Iterable[object],
    standardization: Standardization = DEFAULT_STANDARDIZATION,
    constraints: Constraints = DEFAULT_CONSTRAINTS,
    *,
    workers: int | None = 1,
    chunk_size: int = CHUNK_SIZE,
) -> Iterator[TokenizedMolecule | MoleculeError]:
    """Yield, for each input in order, its SELFIES symbols or the reason for its refusal; see `tokenize`.

    `workers` is the number of processes, `None` for one on each usable core; the result does not depend on it.

    >>> [getattr(row, "smiles", row) for row in tokenize_many(["OCC", "C1CC", "C"])]
    ['CCO', MoleculeError("syntax: 'C1CC' is not SMILES"), 'C']
    """
    return in_order(_Tokenizing(standardization, constraints), inputs, workers=workers, chunk_size=chunk_size)


def encode_many(
    codec: MoleculeCodec, inputs: Iterable[object], *, workers: int | None = 1, chunk_size: int = CHUNK_SIZE
) -> Iterator[EncodedMolecule | MoleculeError]:
    """Yield, for each input in order, its tokens or the reason for its refusal; see `MoleculeCodec.encode`."""
    return in_order(_Encoding(codec), inputs, workers=workers, chunk_size=chunk_size)


def decode_many(
    codec: MoleculeCodec, tokens: Iterable[Sequence[int]], *, workers: int | None = 1, chunk_size: int = CHUNK_SIZE
) -> Iterator[str | MoleculeError]:
    """Yield, for each row of tokens in order, its canonical SMILES or why there is none; see `MoleculeCodec.decode`."""
    rows = (array("H", row) for row in tokens)  # two bytes a token: a vocabulary has at most 5,000
    return in_order(_Decoding(codec), rows, workers=workers, chunk_size=chunk_size)


def select_many(
    codec: MoleculeCodec,
    numbered: Iterable[tuple[int, Sequence[int]]],
    keep: Keep,
    *,
    workers: int | None = 1,
    chunk_size: int = CHUNK_SIZE,
) -> Iterator[str | MoleculeError]:
    """Do what `decode_many` does for rows that have numbers; one that `keep` says no to is `not_selected`."""
    rows = ((number, array("H", row)) for number, row in numbered)
    return in_order(_Selecting(codec, keep), rows, workers=workers, chunk_size=chunk_size)


class _Packed(NamedTuple):
    """The results of a chunk as a few long strings and arrays: pickling an object per molecule would cost far more."""

    texts: list[str]  # each a column of the chunk: one line per row, empty where refused
    tokens: array[int]  # of all rows, one after the other
    lengths: array[int]  # tokens of each row
    notes: list[tuple[int, tuple[Note, ...]]]  # row, notes
    refusals: list[tuple[int, str, str]]  # row, code, detail


def _or_refusal(
    function: Callable[Concatenate[T, P], R], row: T | MoleculeError, *args: P.args, **kwargs: P.kwargs
) -> R | MoleculeError:
    """Return what `function` makes of a row; a refusal, by it or by an earlier stage, takes the place of the row.

    Each stage runs over the whole chunk before the next begins: going back and forth between RDKit and Python for
    each molecule evicts both from the processor's caches and costs a fifth of the time.
    """
    if isinstance(row, MoleculeError):
        return row
    try:
        return function(row, *args, **kwargs)
    except MoleculeError as err:
        return err.with_traceback(None)


def _refused(results: Sequence[object]) -> list[tuple[int, str, str]]:
    return [(row, result.code, result.detail) for row, result in enumerate(results) if type(result) is MoleculeError]


def lost_to_a_crash() -> MoleculeError:
    """Return the refusal of a row whose process died."""
    return MoleculeError(Reason.CRASHED, "the process that worked on it died, out of memory or inside a library")


@dataclass(frozen=True)
class _Tokenizing:
    standardization: Standardization
    constraints: Constraints

    def run(self, rows: list[object]) -> list[TokenizedMolecule | MoleculeError]:
        with quiet_rdkit():
            molecules = [_or_refusal(read_quietly, row, self.standardization) for row in rows]
        return [_or_refusal(tokenize_molecule, row, self.standardization, self.constraints) for row in molecules]

    def pack(self, results: list[TokenizedMolecule | MoleculeError]) -> _Packed:
        accepted = [result if type(result) is TokenizedMolecule else None for result in results]
        return _Packed(
            texts=[
                "\n".join([row.smiles if row else "" for row in accepted]),
                "\n".join([" ".join(row.symbols) if row else "" for row in accepted]),
            ],
            tokens=array("H"),
            lengths=array("H"),
            notes=[(index, row.notes) for index, row in enumerate(accepted) if row and row.notes],
            refusals=_refused(results),
        )

    def unpack(self, packed: _Packed) -> list[TokenizedMolecule | MoleculeError]:
        notes = dict(packed.notes)
        smiles, selfies = (column.split("\n") for column in packed.texts)
        results: list[TokenizedMolecule | MoleculeError] = [
            TokenizedMolecule(text, tuple(symbols.split(" ")), notes.get(row, ()))
            for row, (text, symbols) in enumerate(zip(smiles, selfies, strict=True))
        ]
        for row, code, detail in packed.refusals:
            results[row] = MoleculeError(code, detail)
        return results

    def lost(self) -> MoleculeError:
        return lost_to_a_crash()


@dataclass(frozen=True)
class _Encoding:
    codec: MoleculeCodec

    def run(self, rows: list[object]) -> list[EncodedMolecule | MoleculeError]:
        tokenized = _Tokenizing(self.codec.standardization, self.codec.constraints).run(rows)
        return [_or_refusal(self.codec.with_tokens, molecule) for molecule in tokenized]

    def pack(self, results: list[EncodedMolecule | MoleculeError]) -> _Packed:
        accepted = [result if type(result) is EncodedMolecule else None for result in results]
        return _Packed(
            texts=["\n".join([row.smiles if row else "" for row in accepted])],
            tokens=array("H", itertools.chain.from_iterable(row.tokens for row in accepted if row)),
            lengths=array("H", [len(row.tokens) if row else 0 for row in accepted]),
            notes=[(index, row.notes) for index, row in enumerate(accepted) if row and row.notes],
            refusals=_refused(results),
        )

    def unpack(self, packed: _Packed) -> list[EncodedMolecule | MoleculeError]:
        notes = dict(packed.notes)
        tokens = iter(packed.tokens)
        results: list[EncodedMolecule | MoleculeError] = [
            EncodedMolecule(text, tuple(itertools.islice(tokens, length)), notes.get(row, ()))
            for row, (text, length) in enumerate(zip(packed.texts[0].split("\n"), packed.lengths, strict=True))
        ]
        for row, code, detail in packed.refusals:
            results[row] = MoleculeError(code, detail)
        return results

    def lost(self) -> MoleculeError:
        return lost_to_a_crash()


class Decoded:
    """How the results of decoding travel between processes: as they are."""

    __slots__ = ()

    def pack(self, results: list[str | MoleculeError]) -> list[str | MoleculeError]:
        return results

    def unpack(self, packed: list[str | MoleculeError]) -> list[str | MoleculeError]:
        return packed

    def lost(self) -> MoleculeError:
        return lost_to_a_crash()


@dataclass(frozen=True)
class _Decoding(Decoded):
    codec: MoleculeCodec

    def run(self, rows: list[Sequence[int]]) -> list[str | MoleculeError]:
        derived = [self.codec.derive(row) for row in rows]
        with quiet_rdkit():
            return [_or_refusal(canonical_of_derived, smiles, self.codec.standardization) for smiles in derived]


@dataclass(frozen=True)
class _Selecting(Decoded):
    codec: MoleculeCodec
    keep: Keep

    def run(self, rows: list[tuple[int, Sequence[int]]]) -> list[str | MoleculeError]:
        decoded = _Decoding(self.codec).run([tokens for _, tokens in rows])
        with quiet_rdkit():
            return [
                _NOT_SELECTED if isinstance(smiles, str) and not self.keep(number, tokens, smiles) else smiles
                for (number, tokens), smiles in zip(rows, decoded, strict=True)
            ]
