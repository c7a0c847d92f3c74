"""Bulk work: in order, aligned, and the same for any number of processes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import joblib
import pytest

from molvae.chem.reasons import Reason
from molvae.errors import ConfigError, MoleculeError
from molvae.tokens.bulk import decode_many, encode_many, select_many, tokenize_many
from molvae.tokens.codec import MoleculeCodec, tokenize

BAD = ["", None, "C1CC", "C[Na]", "CC\u041e", " CCO ", "CCO.CCO", "FC(F)(F)[I](F)F"]


def comparable(results: Iterator[object]) -> list[object]:
    return [(row.code, row.detail) if isinstance(row, MoleculeError) else row for row in results]


@pytest.fixture(scope="module")
def rows(molecules: list[str]) -> list[object]:
    """Good and bad rows in turn."""
    return [row for pair in itertools.zip_longest(molecules, BAD) for row in pair]


def test_every_row_has_its_result(rows: list[object]) -> None:
    results = list(tokenize_many(rows))
    assert len(results) == len(rows)
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, MoleculeError):
            with pytest.raises(MoleculeError) as caught:
                tokenize(row)
            assert (caught.value.code, caught.value.detail) == (result.code, result.detail)
        else:
            assert result == tokenize(row)


def _is_short(number: int, _: Sequence[int], smiles: str) -> bool:
    return len(smiles) < 30 and number % 5 != 0


@pytest.mark.parametrize(("workers", "chunk_size"), [(1, 7), (2, 7), (2, 64), (3, 50)])
def test_neither_workers_nor_chunks_change_a_result(
    rows: list[object], codec: MoleculeCodec, workers: int, chunk_size: int
) -> None:
    how: dict[str, Any] = {"workers": workers, "chunk_size": chunk_size}
    assert comparable(tokenize_many(rows, workers=workers, chunk_size=chunk_size)) == comparable(tokenize_many(rows))
    encoded = comparable(encode_many(codec, rows))
    assert comparable(encode_many(codec, rows, **how)) == encoded
    tokens = [getattr(row, "tokens", ()) for row in encoded]
    decoded = comparable(decode_many(codec, tokens))
    assert comparable(decode_many(codec, tokens, **how)) == decoded
    short = [row if isinstance(row, str) and len(row) < 30 and i % 5 else None for i, row in enumerate(decoded)]
    kept = comparable(select_many(codec, enumerate(tokens), _is_short, **how))
    assert [row if isinstance(row, str) else None for row in kept] == short
    for before, after in zip(encoded, decoded, strict=True):
        assert after == getattr(before, "smiles", (Reason.EMPTY, "the symbols derive to no atoms"))


def test_other_backends_of_joblib_do_the_same(rows: list[object], codec: MoleculeCodec) -> None:
    expected = comparable(encode_many(codec, rows))
    for backend in ("threading", "sequential"):
        with joblib.parallel_config(backend=backend):
            assert comparable(encode_many(codec, rows, workers=2, chunk_size=50)) == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_an_endless_input_is_read_only_as_far_as_needed(molecules: list[str], workers: int) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        for smiles in itertools.cycle(molecules):
            read += 1
            yield smiles

    results = tokenize_many(endless(), workers=workers, chunk_size=5)
    assert len(list(itertools.islice(results, 40))) == 40
    assert read <= 400
    results.close()  # type: ignore[attr-defined]


def test_no_rows_give_no_results(codec: MoleculeCodec) -> None:
    assert list(tokenize_many([], workers=2)) == []
    assert list(decode_many(codec, [], workers=2)) == []


def test_a_wrong_number_of_workers_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="workers"):
        tokenize_many(["C"], workers=0)
    with pytest.raises(ConfigError, match="chunk_size"):
        tokenize_many(["C"], chunk_size=0)
