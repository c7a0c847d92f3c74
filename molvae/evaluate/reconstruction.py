"""How exactly a model gives molecules back: rows in, rows out, and the figures over them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from molvae.chem.fingerprints import tanimoto
from molvae.datasets.rows import Row
from molvae.evaluate.bulk import canonical_many
from molvae.evaluate.measure import Measure, measure_lines, measure_tables
from molvae.evaluate.resources import Progress
from molvae.latent.results import OK
from molvae.latent.space import LatentSpace
from molvae.model.generation import GREEDY
from molvae.tokens.bulk import decode_many, encode_many
from molvae.tokens.codec import EncodedMolecule

_WINDOW = 4_096  # rows between two reports of progress


@dataclass(frozen=True, slots=True)
class ReconstructedRow:
    """One input row, and what the posterior mean of its molecule decodes to."""

    source: str
    row: int  # its number in the source
    smiles: str | None  # as given
    canonical: str | None  # what was encoded, None where refused
    decoded: str | None  # canonical, None where refused or where no molecule was decoded
    status: str  # "ok" or a reason code
    detail: str  # the reason in words
    exact: bool = False
    exact_without_stereo: bool = False
    right_tokens: int = 0  # at their places in the decoded sequence, the end among them
    tokens: int = 0  # of the molecule, the end among them
    similarity: float = float("nan")  # Tanimoto to the input (Morgan, radius 2, 2,048 bits), 0 for no molecule


@dataclass(frozen=True, slots=True, repr=False)
class ReconstructionReport:
    """The rows of all sources in their order."""

    rows: tuple[ReconstructedRow, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the names of the sources, in their order."""
        return tuple(dict.fromkeys(row.source for row in self.rows))

    def refusals(self, source: str | None = None) -> dict[str, int]:
        """Return how many rows were refused by reason code, the most frequent first; None is all sources."""
        codes = (row.status for row in self.rows if row.status != OK and source in (None, row.source))
        return dict(Counter(codes).most_common())

    def measures(self, source: str | None = None) -> list[Measure]:
        """Return the figures of a source, None for all together, over the molecules that were not refused."""
        rows = [row for row in self.rows if source in (None, row.source)]
        taken = [row for row in rows if row.status == OK]
        tokens = sum(row.tokens for row in taken)
        similarity = float(np.mean([row.similarity for row in taken])) if taken else float("nan")
        return [
            Measure.rate("exact", sum(row.exact for row in taken), len(taken)),
            Measure.rate("exact without stereo", sum(row.exact_without_stereo for row in taken), len(taken)),
            Measure.rate("token accuracy", sum(row.right_tokens for row in taken), tokens, "of tokens, decoded freely"),
            Measure("mean Tanimoto", similarity, len(taken)),
            Measure.rate("refused", len(rows) - len(taken), len(rows), "of rows"),
        ]

    def __repr__(self) -> str:
        return measure_lines("ReconstructionReport", {source: self.measures(source) for source in self.sources})

    def _repr_html_(self) -> str:
        return measure_tables({source: self.measures(source) for source in self.sources})


def evaluate_reconstruction(
    space: LatentSpace,
    molecules: Sequence[Row | str],
    *,
    source: str = "molecules",
    refine: bool = False,
    workers: int | None = 1,
    progress: Progress = lambda count: None,
) -> ReconstructionReport:
    """Encode molecules, decode their posterior means greedily, and compare; a refused row keeps its place.

    `refine` moves the means first, as `LatentSpace.encode` tells.
    """
    rows = [row if isinstance(row, Row) else Row(number, row) for number, row in enumerate(molecules, start=1)]
    results: list[ReconstructedRow] = []
    for start in range(0, len(rows), _WINDOW):
        results += _reconstructed(space, rows[start : start + _WINDOW], source, workers, refine)
        progress(len(results) - start)
    return ReconstructionReport(tuple(results))


def _reconstructed(
    space: LatentSpace, rows: Sequence[Row], source: str, workers: int | None, refine: bool
) -> list[ReconstructedRow]:
    encoding = space.encode([row.smiles for row in rows], refine=refine)
    taken = np.flatnonzero(encoding.ok)
    smiles = [str(encoding.smiles[i]) for i in taken]
    codec, network = space.pipeline.codec, space.pipeline.network
    sequences = network.sequences(encoding.mean[taken], GREEDY)
    given = [row.tokens if isinstance(row, EncodedMolecule) else () for row in encode_many(codec, smiles)]
    decoded = [text if isinstance(text, str) else None for text in decode_many(codec, sequences, workers=workers)]
    flat = zip(_flat(smiles, workers), _flat(decoded, workers), strict=True)
    results = [
        ReconstructedRow(
            source, row.number, row.smiles, None, None, *_refusal(row, encoding.status[i], encoding.detail[i])
        )
        for i, row in enumerate(rows)
    ]
    for i, text, back, own, found, (flat_text, flat_back) in zip(
        taken.tolist(), smiles, decoded, given, sequences, flat, strict=True
    ):
        results[i] = dataclasses.replace(
            results[i],
            canonical=text,
            decoded=back,
            exact=back == text,
            exact_without_stereo=flat_back == flat_text,
            right_tokens=matching_tokens(own, found),
            tokens=len(own) + 1,
            similarity=0.0 if back is None else 1.0 if back == text else tanimoto(text, back),
        )
    return results


def joined(reports: Iterable[ReconstructionReport]) -> ReconstructionReport:
    """Return the rows of several reports as one."""
    return ReconstructionReport(tuple(row for report in reports for row in report.rows))


def matching_tokens(given: Sequence[int], found: Sequence[int]) -> int:
    """Return how many of the given tokens stand at their places in what was found, each with an end behind it.

    >>> matching_tokens([5, 6, 7], [5, 6, 7]), matching_tokens([5, 6, 7], [5, 8])
    (4, 1)
    """
    end = (-1,)
    return sum(a == b for a, b in zip((*given, *end), (*found, *end), strict=False))


def _refusal(row: Row, status: str, detail: str) -> tuple[str, str]:
    """Return code and reason of a row; what the reader of a file says about it comes first."""
    return (str(row.refusal.code), row.refusal.detail) if row.refusal is not None else (status, detail)


def _flat(smiles: Sequence[str | None], workers: int | None) -> list[str | None]:
    return list(canonical_many(smiles, stereo=False, workers=workers))
