"""Each molecule of a report, one after the other: what its structure shows, and what the model makes of it.

Rows stream through: structures are described by worker processes, the model sees windows of some thousand rows.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from molvae.chem.alerts import AlertCatalog
from molvae.chem.fingerprints import tanimoto
from molvae.chem.reasons import Reason
from molvae.chem.structure import ALERT_CATALOGS, Structure, describe_structure
from molvae.datasets.rows import Row
from molvae.errors import MoleculeError
from molvae.evaluate.bulk import EachMolecule
from molvae.latent.domain import RareSymbols, domain_of, familiarity
from molvae.latent.network import checked_width
from molvae.latent.space import LatentSpace
from molvae.model.generation import GREEDY
from molvae.tokens.bulk import decode_many, encode_many
from molvae.tokens.codec import EncodedMolecule
from molvae.tokens.processes import CHUNK_SIZE, in_order
from molvae.tokens.usage import used_symbols

OUTSIDE = 0.05  # domain score below which a molecule is flagged: as strange are 5 % of known molecules
HARD_TO_MAKE = 6.0  # SA score above which a molecule is (doi:10.1186/1758-2946-1-8)
_WINDOW = 2_048  # rows that the model sees at a time

# of the table of rows, see `CheckedMolecule.values`
COLUMNS = (
    "smiles", "number", "name", "given", "causes", "details", "sa_score", "symbols", "decoded", "loop", "similarity",
    "domain",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a sequence that the decoder wrote became a molecule."""

    symbols: int  # that it wrote
    unused: int  # of them, those that the derivation of SELFIES passes over
    truncated: bool  # it did not end within the length limit, and counts as no molecule


@dataclass(frozen=True, slots=True)
class CheckedMolecule:
    """One row of a report."""

    number: int  # line or record of the source, or row of the points, from 1
    name: str
    given: str | None  # as it stands in the source, or as it was decoded
    structure: Structure
    derivation: Derivation | None = None  # of a decoded point
    refusal: str = ""  # a code of `Reason` where the model cannot take a molecule that RDKit reads
    symbols: int = 0  # SELFIES symbols of the molecule, 0 where no model was asked
    rare: tuple[str, ...] = ()  # symbols and atoms that hardly occur in the training set
    decoded: str | None = None  # what the posterior mean of the molecule decodes to
    loop: str = ""  # decode, encode, decode: "same", "changed", "no_molecule", "truncated"; '' where it was not tried
    similarity: float = float("nan")  # Tanimoto of `decoded` to the molecule (Morgan, radius 2, 2,048 bits)
    domain: float = float("nan")  # share of held-out training molecules at least as strange; NaN where not asked

    def values(self) -> list[object]:
        """Return the row as `COLUMNS` has it, None where there is nothing."""
        numbers = self.structure.sa_score, self.similarity, self.domain
        sa_score, similarity, domain = (None if math.isnan(number) else number for number in numbers)
        return [
            self.smiles, self.number, self.name, self.given, ", ".join(self.causes), self.details, sa_score,
            self.symbols, self.decoded, self.loop, similarity, domain,
        ]  # fmt: skip

    def renamed(self, number: int, name: str) -> CheckedMolecule:
        """Return the row with the number and the name that its source gives it."""
        return replace(self, number=number, name=name)

    @property
    def smiles(self) -> str | None:
        """The canonical SMILES, None where there is no molecule."""
        return self.structure.smiles

    @property
    def causes(self) -> tuple[str, ...]:
        """What a chemist should look at, as codes; nothing for a molecule without a finding."""
        found = []
        if self.derivation is not None and self.derivation.truncated:
            found.append("truncated")
        elif self.structure.reason:
            found.append(self.structure.reason)
        found += [finding.code.value for finding in self.structure.findings]
        found += dict.fromkeys(f"alert {alert.catalog}" for alert in self.structure.alerts)
        found += ["hard_to_make"] if self.structure.sa_score > HARD_TO_MAKE else []
        found += [f"refused: {self.refusal}"] if self.refusal else []
        found += ["rare_symbol"] if self.rare else []
        found += [f"loop: {self.loop}"] if self.loop not in ("", "same") else []
        found += ["unused_symbols"] if self.derivation is not None and self.derivation.unused else []
        found += ["outside_domain"] if self.domain < OUTSIDE else []
        return tuple(found)

    @property
    def details(self) -> str:
        """The findings in words, '' where there are none."""
        parts = [self.structure.detail] if self.structure.detail else []
        parts += [finding.detail for finding in self.structure.findings]
        parts += dict.fromkeys(alert.name for alert in self.structure.alerts)
        parts += [f"rare {', '.join(self.rare)}"] if self.rare else []
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Checks:
    """What is checked beside the structure itself."""

    catalogs: tuple[AlertCatalog, ...] = ALERT_CATALOGS
    space: LatentSpace | None = None  # None asks no model
    domain: bool = False
    workers: int | None = 1  # processes for the structures

    def __post_init__(self) -> None:
        describe_structure("C", self.catalogs)  # refuses an unknown catalogue now
        if self.domain and self.space is None:
            raise ValueError("domain must be False without a model: it is the model's")
        if self.domain and self.space is not None:
            domain_of(self.space.checkpoint)


def check_rows(rows: Iterable[Row], checks: Checks) -> Iterator[CheckedMolecule]:
    """Yield what is found of each row, in order."""
    yield from _by_model(_described(((row, None) for row in rows), checks), checks)


def check_points(z: NDArray[np.floating], space: LatentSpace, checks: Checks) -> Iterator[CheckedMolecule]:
    """Yield what is found of what each point of `z` (n, D) decodes to, greedily, in order.

    A row of NaN, as a refused molecule has, is a row without a molecule.

    Raises:
        ValueError: `z` has another width.
    """
    points = checked_width(z, space.latent_dim)
    yield from _by_model(_described(_decoded(points, space), checks), checks)


Written = tuple[Row, Derivation | None]


def _decoded(points: NDArray[np.float32], space: LatentSpace) -> Iterator[Written]:
    codec = space.pipeline.codec
    for start in range(0, len(points), _WINDOW):
        window = points[start : start + _WINDOW]
        finite: NDArray[np.bool_] = np.atleast_1d(np.isfinite(window).all(axis=1))
        sequences = space.pipeline.network.sequences_to_the_end(np.where(finite[:, None], window, 0), GREEDY)
        sequences = [sequence if known else [] for sequence, known in zip(sequences, finite, strict=True)]
        tokens = [sequence or [] for sequence in sequences]
        for number, (sequence, smiles) in enumerate(zip(sequences, decode_many(codec, tokens), strict=True), start + 1):
            used = used_symbols(sequence or [], codec.rules)
            derivation = Derivation(len(used), used.count(False), sequence is None)
            refusal = smiles if isinstance(smiles, MoleculeError) else None
            yield Row(number, None if refusal else str(smiles), refusal=refusal), derivation


def _described(rows: Iterable[Written], checks: Checks) -> Iterator[CheckedMolecule]:
    waiting: deque[Written] = deque()

    def texts() -> Iterator[str | None]:
        for row in rows:
            waiting.append(row)
            yield row[0].smiles

    work = EachMolecule(partial(describe_structure, catalogs=checks.catalogs))
    for found in in_order(work, texts(), workers=checks.workers, chunk_size=CHUNK_SIZE):
        row, derivation = waiting.popleft()
        structure = found or _nothing(row)
        yield CheckedMolecule(row.number, row.name, row.smiles, structure, derivation)


def _nothing(row: Row) -> Structure:
    if row.refusal is not None:
        return Structure(None, str(row.refusal.code), row.refusal.detail)
    if row.smiles:
        return Structure(None, Reason.CRASHED.value, "the process that worked on it died")
    return Structure(None, Reason.EMPTY.value, "there is no text")


def _by_model(rows: Iterator[CheckedMolecule], checks: Checks) -> Iterator[CheckedMolecule]:
    if checks.space is None:
        yield from rows
        return
    rare = RareSymbols.of(checks.space.checkpoint)
    while window := list(itertools.islice(rows, _WINDOW)):
        yield from _through(window, checks.space, rare, domain=checks.domain)


def _through(
    rows: Sequence[CheckedMolecule], space: LatentSpace, rare: RareSymbols | None, *, domain: bool
) -> Iterator[CheckedMolecule]:
    """Yield the rows with what the model makes of their molecules."""
    codec, network = space.pipeline.codec, space.pipeline.network
    encoded = list(encode_many(codec, [row.smiles for row in rows]))
    taken = [row.tokens for row in encoded if isinstance(row, EncodedMolecule)]
    sequences = network.sequences_to_the_end(network.posteriors(taken)[0], GREEDY) if taken else []
    decoded = zip(sequences, decode_many(codec, [tokens or [] for tokens in sequences]), strict=True)
    scores = familiarity(domain_of(space.checkpoint), network, encoded) if domain else np.full(len(rows), np.nan)
    for row, molecule, score in zip(rows, encoded, scores.tolist(), strict=True):
        if isinstance(molecule, MoleculeError):
            yield row if row.smiles is None else replace(row, refusal=str(molecule.code))
            continue
        tokens, back = next(decoded)
        smiles = back if isinstance(back, str) else None
        loop = "truncated" if tokens is None else "no_molecule" if smiles is None else "changed"
        similarity = float("nan") if smiles is None else tanimoto(smiles, molecule.smiles)
        symbols = [codec.vocabulary.symbols[token] for token in molecule.tokens]
        yield replace(
            row, symbols=len(symbols), rare=rare.rare(symbols) if rare is not None else (), decoded=smiles,
            loop="same" if smiles == molecule.smiles else loop, similarity=similarity, domain=score,
        )  # fmt: skip
