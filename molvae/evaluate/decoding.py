"""The decode-validity report: how many of some molecules have what, each rate with its denominator.

"100 % valid SELFIES" is no statement of quality: nearly every SELFIES string derives to something that RDKit takes.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from molvae.chem.alerts import AlertCatalog
from molvae.chem.moses import FINGERPRINT_BITS
from molvae.chem.oddities import Oddity
from molvae.chem.structure import ALERT_CATALOGS
from molvae.datasets.rows import Row
from molvae.evaluate.checking import COLUMNS, HARD_TO_MAKE, OUTSIDE, CheckedMolecule, Checks, check_points, check_rows
from molvae.evaluate.measure import Measure, as_json, measure_tables
from molvae.evaluate.similarity import mean_similarity
from molvae.latent.domain import RareSymbols
from molvae.latent.space import LatentSpace

if TYPE_CHECKING:
    import pandas

DIVERSITY_MOLECULES = 2_000  # of which the internal diversity is measured, drawn evenly from the rows
EXAMPLES = 6  # molecules kept for each cause
_NAN = float("nan")


class DecodeSummary:
    """Counts over rows that stream by; all it keeps of each molecule are two hashes of 16 bytes."""

    def __init__(self, checks: Checks, *, known: Collection[str] | None = None, seed: int = 0) -> None:
        """Take what is checked, the canonical SMILES of a training set for the novelty, and the seed of draws."""
        self.checks, self.known = checks, known
        self.n = 0
        self.examples: dict[str, list[CheckedMolecule]] = {}
        self._counts: Counter[str] = Counter()
        self._alerts: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._totals: defaultdict[str, float] = defaultdict(float)
        self._distinct: set[bytes] = set()
        self._scaffolds: set[bytes] = set()
        self._prints: list[bytes] = []  # a reservoir: any row is in it with the same probability (Vitter's algorithm R)
        self._rng = np.random.default_rng(seed)

    def add(self, row: CheckedMolecule) -> None:
        """Count one row."""
        self.n += 1
        for cause in row.causes:
            self._counts[cause] += 1
            if len(kept := self.examples.setdefault(cause, [])) < EXAMPLES:
                kept.append(row)
        if row.derivation is not None:
            self._sums["decoded"] += 1
            self._sums["written"] += row.derivation.symbols
            self._sums["unused"] += row.derivation.unused
        if row.smiles is None:
            return
        structure = row.structure
        self._sums["read"] += 1
        self._sums["odd"] += bool(structure.findings)
        self._sums["alerted"] += bool(structure.alerts)
        self._alerts.update({alert.name for alert in structure.alerts})
        if not math.isnan(structure.sa_score):
            self._sums["scored"] += 1
            self._totals["sa_score"] += structure.sa_score
        self._add_to_set(row.smiles, structure.scaffold, structure.fingerprint)
        self._sums["asked"] += self.checks.space is not None
        if row.loop:
            self._sums["taken"] += 1
            self._sums["same"] += row.loop == "same"
            if not math.isnan(row.similarity):
                self._totals["similarity"] += row.similarity
                self._sums["compared"] += 1

    def _add_to_set(self, smiles: str, scaffold: str, fingerprint: bytes) -> None:
        digest = hashlib.blake2b(smiles.encode(), digest_size=16).digest()
        if digest not in self._distinct:
            self._distinct.add(digest)
            self._sums["novel"] += self.known is not None and smiles not in self.known
        if scaffold:
            self._sums["ringed"] += 1
            self._scaffolds.add(hashlib.blake2b(scaffold.encode(), digest_size=16).digest())
        if len(self._prints) < DIVERSITY_MOLECULES:
            self._prints.append(fingerprint)
        elif (place := int(self._rng.integers(self._sums["read"]))) < DIVERSITY_MOLECULES:
            self._prints[place] = fingerprint

    @property
    def read(self) -> int:
        """How many rows are molecules."""
        return self._sums["read"]

    @property
    def causes(self) -> list[tuple[str, int]]:
        """The causes with the number of their rows, the most common first."""
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))

    @property
    def alert_names(self) -> list[tuple[str, int]]:
        """The structure alerts with the number of molecules that raise each, the most common first."""
        return sorted(self._alerts.items(), key=lambda item: (-item[1], item[0]))

    def groups(self) -> dict[str, list[Measure]]:
        """Return all figures, in groups."""
        read, counts, sums = self._sums["read"], self._counts, self._sums
        codes = {finding.value for finding in Oddity}
        not_read = {code for code in counts if " " not in code and code not in codes and code not in _FLAGS}
        not_read |= {"empty", "truncated"} if sums["decoded"] else set()  # also where none was
        groups = {"reading": [Measure.rate("read by RDKit", read, self.n, "of the rows")]}
        groups["reading"] += [Measure.rate(code, counts[code], self.n, "of the rows") for code in sorted(not_read)]
        if sums["written"]:
            note = "of the symbols that the decoder wrote"
            groups["reading"].append(
                Measure.rate("symbols used", sums["written"] - sums["unused"], sums["written"], note)
            )
        groups["structure"] = [Measure.rate("nothing odd", read - sums["odd"], read)]
        groups["structure"] += [Measure.rate(code.value, counts[code.value], read) for code in Oddity]
        groups["structure"] += [
            Measure(
                "SA score",
                self._totals["sa_score"] / sums["scored"] if sums["scored"] else _NAN,
                sums["scored"],
                "mean",
            ),
            Measure.rate("hard to make", counts["hard_to_make"], sums["scored"], f"SA score above {HARD_TO_MAKE:g}"),
        ]
        groups["alerts"] = [Measure.rate("any alert", sums["alerted"], read)]
        groups["alerts"] += [Measure.rate(name, counts[f"alert {name}"], read) for name in self.checks.catalogs]
        groups["set"] = self._of_the_set()
        if self.checks.space is not None:
            groups["model"] = self._of_the_model(self.checks.space)
        return groups

    def _of_the_set(self) -> list[Measure]:
        read, sums, distinct = self._sums["read"], self._sums, len(self._distinct)
        prints = np.frombuffer(b"".join(self._prints), dtype=np.uint8).reshape(-1, FINGERPRINT_BITS // 8)
        diversity = 1 - float(mean_similarity(prints, threads=1).mean()) if len(prints) else _NAN
        measures = [Measure.rate("unique", distinct, read)]
        if self.known is not None:
            measures.append(Measure.rate("novel", sums["novel"], distinct, f"not among {len(self.known):,} molecules"))
        return [
            *measures,
            Measure("internal diversity", diversity, len(prints), "1 - mean Tanimoto similarity of all pairs"),
            Measure.rate(
                "scaffold diversity", len(self._scaffolds), sums["ringed"], "scaffolds, of molecules with one"
            ),
        ]

    def _of_the_model(self, space: LatentSpace) -> list[Measure]:
        sums, counts = self._sums, self._counts
        similarity = self._totals["similarity"] / sums["compared"] if sums["compared"] else _NAN
        measures = [
            Measure.rate("taken by the model", sums["taken"], sums["asked"]),
            Measure.rate("same after the loop", sums["same"], sums["taken"], "decode, encode, decode"),
            Measure("similarity after the loop", similarity, sums["compared"], "mean Tanimoto to the molecule"),
        ]
        if RareSymbols.of(space.checkpoint) is not None:
            note = "in fewer than 1 of 1,000 known molecules"
            measures.append(Measure.rate("rare symbols", counts["rare_symbol"], sums["taken"], note))
        if self.checks.domain:
            note = f"stranger than {1 - OUTSIDE:.0%} of known molecules"
            measures.append(Measure.rate("outside the domain", counts["outside_domain"], sums["taken"], note))
        return measures

    def as_json(self) -> dict[str, object]:
        """Return the figures, the causes and the alerts as a JSON object."""
        groups = {name: as_json(measures) for name, measures in self.groups().items()}
        return {"n": self.n, **groups, "causes": dict(self.causes), "alert_names": dict(self.alert_names)}


_FLAGS = frozenset(("hard_to_make", "rare_symbol", "unused_symbols", "outside_domain"))


@dataclass(frozen=True, slots=True, eq=False)
class DecodeReport:
    """The rows of a report, and the figures over them."""

    rows: Sequence[CheckedMolecule]
    summary: DecodeSummary

    def __getitem__(self, name: str) -> Measure:
        """Return the first figure of this name.

        Raises:
            KeyError: there is none.
        """
        for measures in self.summary.groups().values():
            for measure in measures:
                if measure.name == name:
                    return measure
        raise KeyError(f"the report has no figure {name!r}")

    def __repr__(self) -> str:
        clean = self["nothing odd"]
        return f"DecodeReport({self.summary.n:,} rows, {clean.of:,} read, {clean.value:.1%} of them with nothing odd)"

    def _repr_html_(self) -> str:
        return measure_tables(self.summary.groups())

    def frame(self) -> pandas.DataFrame:
        """Return the rows as a table, with the columns that `molvae check -o FILE` writes."""
        import pandas  # 0.3 s

        return pandas.DataFrame([row.values() for row in self.rows], columns=list(COLUMNS))

    def as_json(self) -> dict[str, object]:
        """Return the figures as a JSON object."""
        return self.summary.as_json()


def decode_report(
    molecules: Iterable[str | None] | NDArray[np.floating],
    *,
    space: LatentSpace | None = None,
    catalogs: Sequence[AlertCatalog] = ALERT_CATALOGS,
    training: Collection[str] | None = None,
    domain: bool = False,
    workers: int | None = 1,
    seed: int = 0,
) -> DecodeReport:
    """Return what is wrong, odd or strange about molecules, or about what points of a latent space decode to.

    Args:
        molecules: SMILES as they were written or decoded, None where there was none; or points (n, D), which `space`
            decodes, so that empty and unfinished sequences and unused symbols are counted too.
        space: the model for decode, encode, decode, and for rare symbols; None checks structures only.
        catalogs: of structure alerts.
        training: canonical SMILES of the training set, for the novelty.
        domain: whether to tell how strange each molecule is to the model; see `LatentSpace.domain`.
        workers: processes for the structures; None for all cores.
        seed: of the draw of molecules for the internal diversity, where there are more than 2,000.

    Raises:
        ConfigError: an unknown catalogue.
        DataError: `domain` for a model that holds none.
        ValueError: points without a model, or of another width; a text in place of a list.

    >>> report = decode_report(["CCO", "C1=CC1", "C1CC"], catalogs=["PAINS"])
    >>> report["read by RDKit"].value, report["strained_ring"].value
    (0.6666666666666666, 0.5)
    """
    if isinstance(molecules, str):
        raise ValueError(f"molecules must be a list of SMILES or an array of points, got the text {molecules[:60]!r}")
    checks = Checks(tuple(catalogs), space, domain, workers)
    checked: Iterator[CheckedMolecule]
    if isinstance(molecules, np.ndarray) and molecules.dtype.kind == "f":
        if space is None:
            raise ValueError("points need a model that decodes them: give space")
        checked = check_points(molecules, space, checks)
    else:
        checked = check_rows((Row(number, text) for number, text in enumerate(molecules, start=1)), checks)
    summary = DecodeSummary(checks, known=training, seed=seed)
    rows = []
    for row in checked:
        summary.add(row)
        rows.append(row)
    return DecodeReport(rows, summary)
