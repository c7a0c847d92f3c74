"""Rows of files through the gate and SELFIES, with an account of every one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molvae.chem.reasons import Reason
from molvae.chem.settings import Standardization
from molvae.datasets.report import Rejection, RejectionReport, count_rejections
from molvae.datasets.rows import Row
from molvae.errors import MoleculeError
from molvae.tokens.bulk import tokenize_many
from molvae.tokens.codec import TokenizedMolecule
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
from molvae.tokens.vocabulary import Vocabulary

STANDARDIZATION = Standardization()
_SHOWN = 200  # characters of a refused text that are kept


class SourceRow(NamedTuple):
    """A row and the name of the file it is from, '' for memory."""

    source: str
    row: Row


@dataclass(frozen=True)
class Corpus:
    """Tokenized molecules in the order of their rows; `tokens` are positions in `symbols`, their own vocabulary."""

    symbols: tuple[str, ...]
    tokens: NDArray[np.uint16]  # (sum of lengths,)
    lengths: NDArray[np.int64]  # (n,)
    smiles: tuple[str, ...]  # (n,), canonical; not yet without duplicates
    rejections: tuple[Rejection, ...]
    report: RejectionReport


def tokenize_rows(
    rows: Sequence[SourceRow],
    *,
    standardization: Standardization = STANDARDIZATION,
    constraints: Constraints = DEFAULT_CONSTRAINTS,
    vocabulary: Vocabulary | None = None,
    workers: int | None = 1,
    progress: Callable[[int], None] | None = None,
) -> Corpus:
    """Return the rows as tokens, with a reason for each row refused; `vocabulary` limits the symbols that may occur.

    `progress` is called with the number of rows done since its last call. The result does not depend on `workers`.

    >>> corpus = tokenize_rows([SourceRow("", Row(1, "OCC")), SourceRow("", Row(2, "C1CC"))])
    >>> corpus.smiles, corpus.report.summary()
    (('CCO',), '2 rows read, 1 kept, 1 rejected (syntax 1)')
    """
    index: dict[str, int] = {}
    tokens: list[int] = []
    lengths: list[int] = []
    smiles: list[str] = []
    notes: Counter[str] = Counter()
    rejections: list[Rejection] = []
    texts = [row.smiles for _, row in rows if row.refusal is None]
    results = iter(tokenize_many(texts, standardization, constraints, workers=workers))
    for source, row in rows:
        result = next(results) if row.refusal is None else row.refusal
        if isinstance(result, TokenizedMolecule) and vocabulary is not None:
            result = _checked(result, vocabulary)
        if isinstance(result, MoleculeError):
            text = (row.smiles if isinstance(row.smiles, str) else "")[:_SHOWN]
            rejections.append(Rejection(source, row.number, row.name[:_SHOWN], text, str(result.code), result.detail))
        else:
            tokens.extend([index.setdefault(symbol, len(index)) for symbol in result.symbols])
            lengths.append(len(result.symbols))
            smiles.append(result.smiles)
            notes.update(str(note) for note in result.notes)
        if progress is not None:
            progress(1)
    refused, examples = count_rejections(rejections)
    return Corpus(
        symbols=tuple(index),
        tokens=np.array(tokens, dtype=np.uint16),
        lengths=np.array(lengths, dtype=np.int64),
        smiles=tuple(smiles),
        rejections=tuple(rejections),
        report=RejectionReport(read=len(rows), kept=len(smiles), refused=refused, notes=dict(notes), examples=examples),
    )


def _checked(molecule: TokenizedMolecule, vocabulary: Vocabulary) -> TokenizedMolecule | MoleculeError:
    unknown = sorted({symbol for symbol in molecule.symbols if symbol not in vocabulary})
    if unknown:
        return MoleculeError(Reason.UNKNOWN_SYMBOL, f"the vocabulary lacks {', '.join(unknown)}")
    return molecule
