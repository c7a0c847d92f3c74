"""How well a property is predicted: by scaffold and at random, beside the usual baselines on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from molvae.chem.descriptors import descriptor_matrix
from molvae.chem.fingerprints import morgan_matrix
from molvae.chem.tables import html_table
from molvae.datasets.splits import group_split, random_split
from molvae.properties.embedding import Embedder, Points
from molvae.properties.model import PropertyModel
from molvae.properties.regressors import Array
from molvae.properties.selection import scaffolds_of

SplitKind: TypeAlias = Literal["scaffold", "random"]
FRACTIONS = (0.8, 0.1, 0.1)  # to fit, to calibrate, to test; as MoleculeNet splits (doi:10.1039/C7SC02664A)
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)  # of intervals
MORGAN, DESCRIPTORS = "Morgan + random forest", "RDKit descriptors + random forest"


@dataclass(frozen=True)
class Trial:
    """One method on one split of one seed."""

    method: str
    kind: str  # of regressor, which "auto" has chosen
    split: SplitKind
    seed: int
    tested: int
    r2: float
    rmse: float  # in the unit of the labels
    mae: float
    coverage: tuple[float, ...]  # share of the test molecules within their interval, for each of LEVELS it can have
    width: float  # mean width of the widest of these intervals
    measured: Array = field(repr=False)  # (tested,)
    predicted: Array = field(repr=False)  # (tested,)
    domain: Array = field(repr=False)  # (tested,) domain scores


@dataclass(frozen=True)
class Summary:
    """One method on one kind of split: means and standard deviations over seeds."""

    split: str
    method: str
    kinds: str
    r2: float
    r2_std: float
    rmse: float
    rmse_std: float
    mae: float
    coverage90: float  # pooled over seeds, NaN where there are too few molecules to calibrate
    coverage90_error: float  # its standard error, from the spread over seeds; NaN for one seed
    width90: float
    tested: int  # molecules in all seeds together
    seeds: int


@dataclass(frozen=True, repr=False)
class Evaluation:
    """What every method reaches on the same splits of the same molecules."""

    trials: tuple[Trial, ...]
    molecules: int  # distinct ones with a label
    repeated: int  # rows that were one of these again: their labels are averaged
    refused: Mapping[str, int]  # rows without a vector, by reason

    def table(self) -> list[Summary]:
        """Return one row for each method and split, the best first within a split."""
        groups: dict[tuple[str, str], list[Trial]] = {}
        for trial in self.trials:
            groups.setdefault((trial.split, trial.method), []).append(trial)
        rows = [_summary(trials) for trials in groups.values()]
        order = list(dict.fromkeys(row.split for row in rows))
        return sorted(rows, key=lambda row: (order.index(row.split), row.rmse))

    def __repr__(self) -> str:
        lines = (f"  {row.split:<9} {row.method:<34} RMSE {row.rmse:.3g}, R² {row.r2:.2f}" for row in self.table())
        return "\n".join((f"Evaluation of {self.molecules:,} molecules", *lines))

    def _repr_html_(self) -> str:
        columns = ("split", "method", "kind", "R²", "RMSE", "MAE", "in 90 % intervals", "tested")
        rows = [
            (
                row.split, row.method, row.kinds, f"{row.r2:.3f} ± {row.r2_std:.3f}",
                f"{row.rmse:.3f} ± {row.rmse_std:.3f}", f"{row.mae:.3f}",
                _shared(row.coverage90, row.coverage90_error), row.tested,
            )
            for row in self.table()
        ]  # fmt: skip
        refused = sum(self.refused.values())
        caption = f"{self.molecules:,} molecules, {self.repeated:,} rows repeated, {refused:,} refused"
        return html_table(columns, rows, caption=caption, limit=None)


def evaluate(
    points: Points,
    y: Array,
    *,
    kinds: Sequence[str] = ("auto",),
    splits: Sequence[SplitKind] = ("scaffold", "random"),
    seeds: int = 5,
    folds: int = 5,
    baselines: bool = True,
    embedders: Sequence[Embedder] = (),
    progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Fit each kind, and two random forests on fingerprints and descriptors, to every split, and test them.

    All of them fit the same 80 % of the molecules, calibrate with the same 10 % and are tested on the same 10 %. A
    repeated molecule is one, with the mean of its labels, so that none is in two parts.

    Args:
        points: molecules with their vectors, such as an `Embedder` gives.
        y: labels (n,), NaN where there is none.
        kinds: of regressor on the vectors.
        splits: "scaffold" (no scaffold is in two parts) and "random".
        seeds: splits of each kind.
        folds: of the cross-validation behind "auto".
        baselines: whether the forests on fingerprints and on descriptors are fitted too.
        embedders: give the features that each kind is fitted to; without any, these are the vectors of `points`.
        progress: is told of every trial.

    Raises:
        ValueError: fewer than 30 distinct molecules with a label.
    """
    smiles, z, labels, repeated = _distinct(points, y)
    if len(smiles) < 30:
        raise ValueError(f"an evaluation needs at least 30 molecules with a label, got {len(smiles)}")
    methods: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {}
    for kind in kinds:
        for embedder in embedders:
            name = f"molvae ({kind})" if embedder.features == "z" else f"molvae, {embedder.features} ({kind})"
            methods[name] = (np.array(smiles), {"kind": kind, "space": embedder, "features": embedder.features})
        if not embedders:
            methods[f"molvae ({kind})"] = (z, {"kind": kind})
    if baselines:
        methods[MORGAN] = (morgan_matrix(smiles).astype(np.float64), {"kind": "forest"})
        methods[DESCRIPTORS] = (descriptor_matrix(smiles), {"kind": "forest"})
    groups = scaffolds_of(smiles)
    trials = []
    for split, seed, parts in _parts(groups, splits, seeds):
        for method, (table, settings) in methods.items():
            model = PropertyModel(calibration=0, folds=folds, random_state=seed, **settings)
            trials.append(_trial(method, model, split, seed, table, labels, parts, groups))
            if progress is not None:
                progress(1)
    refused = [status for status in points.status if status != "ok"]
    counts = {reason: refused.count(reason) for reason in dict.fromkeys(refused)}
    return Evaluation(tuple(trials), len(smiles), repeated, counts)


def _distinct(points: Points, y: Array) -> tuple[list[str], Array, Array, int]:
    """Return the distinct labelled molecules, their vectors and mean labels, and how many rows were repeated."""
    labels: dict[str, list[float]] = {}
    rows: dict[str, int] = {}
    for row, (smiles, label) in enumerate(zip(points.smiles, y.tolist(), strict=True)):
        if smiles is not None and label == label:  # not NaN
            labels.setdefault(smiles, []).append(label)
            rows.setdefault(smiles, row)
    means = np.array([np.mean(values) for values in labels.values()], dtype=np.float64)
    repeated = sum(map(len, labels.values())) - len(labels)
    return list(labels), points.z[list(rows.values())], means, repeated


def _parts(
    groups: Sequence[str], splits: Sequence[SplitKind], seeds: int
) -> Iterator[tuple[SplitKind, int, tuple[NDArray[np.int64], ...]]]:
    for split in splits:
        for seed in range(seeds):
            if split == "scaffold":
                yield split, seed, group_split(groups, FRACTIONS, seed=seed)
            else:
                yield split, seed, random_split(len(groups), FRACTIONS, seed=seed)


def _trial(
    method: str, model: PropertyModel, split: SplitKind, seed: int, table: NDArray[Any], labels: Array,
    parts: tuple[NDArray[np.int64], ...], groups: Sequence[str],
) -> Trial:  # fmt: skip
    fitted, held, tested = parts
    model.fit(table[fitted], labels[fitted], groups=[groups[i] for i in fitted])
    model.calibrate(table[held], labels[held])
    found, measured = model.describe(table[tested]), labels[tested]
    predicted = found.mean[:, 0]
    coverage, width = [], float("nan")
    for level in LEVELS:
        if len(held) < 1 / (1 - level):
            break
        half = model.targets_[0].half_widths(found.std[:, 0], 1 - level)
        coverage.append(float(np.mean(np.abs(measured - predicted) <= half)))
        width = float(2 * np.mean(half))
    errors = measured - predicted
    return Trial(
        method, model.targets_[0].regressor.kind, split, seed, len(tested), float(r2_score(measured, predicted)),
        float(np.sqrt(np.mean(errors**2))), float(np.mean(np.abs(errors))), tuple(coverage), width,
        measured, predicted, found.domain,
    )  # fmt: skip


def _shared(share: float, error: float) -> str:
    """Return a share with its standard error, '–' where there is none."""
    return f"{share:.1%}" + (f" ± {error:.1%}" if np.isfinite(error) else "") if np.isfinite(share) else "–"


def _summary(trials: Sequence[Trial]) -> Summary:
    def over(name: str) -> Array:
        return np.array([getattr(trial, name) for trial in trials], dtype=np.float64)

    tested = over("tested")
    widest = [trial.coverage[-1] if len(trial.coverage) == len(LEVELS) else float("nan") for trial in trials]
    return Summary(
        split=trials[0].split,
        method=trials[0].method,
        kinds=" ".join(sorted({trial.kind for trial in trials})),
        r2=float(over("r2").mean()),
        r2_std=float(over("r2").std()),
        rmse=float(over("rmse").mean()),
        rmse_std=float(over("rmse").std()),
        mae=float(over("mae").mean()),
        coverage90=float(np.average(widest, weights=tested)),
        coverage90_error=float(np.std(widest, ddof=1) / np.sqrt(len(widest))) if len(widest) > 1 else float("nan"),
        width90=float(over("width").mean()),
        tested=int(tested.sum()),
        seeds=len(trials),
    )
