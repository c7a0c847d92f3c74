"""What a search found: tables, and pictures of its course and of its best molecules."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from molvae import style
from molvae.chem.alerts import structure_alerts
from molvae.chem.descriptors import descriptor_function
from molvae.chem.drawing import draw_grid
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.tables import html_table
from molvae.datasets.files import atomic_path
from molvae.errors import MissingExtraError
from molvae.optimize.front import hypervolumes, pareto_front
from molvae.optimize.objective import Objective
from molvae.optimize.scored import Scored

if TYPE_CHECKING:
    import pandas

    from molvae.latent.space import LatentSpace

_log = logging.getLogger("molvae")
_TOP = 10


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What an objective was asked, and where that is kept."""

    objective: Objective
    folder: Path | None = None  # None where nothing was written
    space: LatentSpace | None = None  # the model that the search used, if any

    def __repr__(self) -> str:
        for leader in self.objective.best():
            return f"Result({self.objective.calls:,} calls, best {leader.score:.4f}: {leader.smiles})"
        return f"Result({self.objective.calls:,} calls, none with a score)"

    def _repr_html_(self) -> str:
        table = self.top(_TOP)
        caption = f"The best of {self.objective.calls:,} calls"
        rows = table.to_numpy(dtype=object).tolist()
        return html_table(["", *map(str, table.columns)], ([row[0], *row] for row in rows), caption=caption, drawn=[""])

    @property
    def rows(self) -> list[Scored]:
        """All calls, in the order of their numbers."""
        return self.objective.rows

    def top(self, n: int = _TOP) -> pandas.DataFrame:
        """Return the best `n` molecules: smiles, score, values, call, arm, SA score (1 easy, 10 hard), alerts.

        Where the model of the search knows what is strange to it, `domain` is the share of its training molecules that
        are at least as strange (`LatentSpace.domain`): below 0.05 a molecule is unlike all that the model has seen.
        """
        return _frame(self.objective.best(n), self.space)

    def pareto(self) -> pandas.DataFrame:
        """Return the molecules that no other one beats in every goal at once, the best score first."""
        best = self.objective.best(self.objective.calls)
        wanted = np.array([row.wanted for row in best], dtype=np.float64)
        return _frame([best[row] for row in pareto_front(wanted)], self.space)

    def hypervolume(self, reference: Sequence[float] | None = None) -> NDArray[np.float64]:
        """Return after each call the volume between the goals that the molecules so far dominate, (calls,).

        It is measured from `reference`, a value for each goal as it is wanted; see `front.reference_point` for None.

        Raises:
            ValueError: `reference` does not have a value for each goal.
            MissingExtraError: BoTorch is not installed.
        """
        goals = len(self.objective.goals)
        if reference is not None and len(reference) != goals:
            raise ValueError(f"reference must have a value for each of {goals} goals, got {len(reference)}")
        wanted = [row.wanted if row.contends else (np.nan,) * goals for row in self.rows]
        point = None if reference is None else np.asarray(reference, dtype=np.float64)
        return hypervolumes(np.array(wanted, dtype=np.float64).reshape(len(wanted), goals), point)

    def trace(self) -> pandas.DataFrame:
        """Return for each call: number, molecule, score, best so far, mean of the ten best so far, arm, parents.

        With several goals also the hypervolume so far, where BoTorch is installed.
        """
        import pandas  # 0.3 s

        rows = self.rows
        table = pandas.DataFrame({
            "call": [row.call for row in rows],
            "smiles": [row.smiles for row in rows],
            "score": [row.score for row in rows],
            "best": self.objective.trace(1), "top10_mean": self.objective.trace(_TOP),
            "arm": [row.arm for row in rows],
            "parents": [" ".join(row.parents) for row in rows],
            "reason": [row.reason for row in rows],
        })  # fmt: skip
        if len(self.objective.goals) > 1:
            try:
                table.insert(5, "hypervolume", self.hypervolume())
            except MissingExtraError as err:
                _log.warning("the trace has no hypervolume: %s", err)
        return table

    def grid(self, n: int = _TOP) -> bytes:
        """Return a PNG picture of the best `n` molecules with score, SA score and number of alerts."""
        best = self.objective.best(n)
        legends = [
            f"{row.score:#.4g}   SA {_sa_score(str(row.smiles)):.1f}   {_counted(structure_alerts(str(row.smiles)))}"
            for row in best
        ]
        return draw_grid([row.smiles for row in best], legends)

    def picture(self, path: Path | str) -> None:
        """Draw scores against calls: each call by its arm, and the band and mean of the ten best so far.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        from molvae.optimize.picture import optimization_trace  # which draws a `Result`

        drawing = style.figure(9, 5)
        optimization_trace(self, axes=drawing.subplots())
        with atomic_path(path) as temporary:
            drawing.savefig(temporary, dpi=120)


def _sa_score(smiles: str) -> float:
    return float(descriptor_function("sa_score")(mol_from_canonical(smiles)))


def _counted(alerts: Sequence[str]) -> str:
    return "no alerts" if not alerts else f"{len(alerts)} alert{'s' if len(alerts) > 1 else ''}"


def _frame(rows: Sequence[Scored], space: LatentSpace | None) -> pandas.DataFrame:
    import pandas  # 0.3 s

    telling = any(list(row.values.values()) != [row.score] for row in rows)  # more than the score, or turned
    names = list(dict.fromkeys(name for row in rows for name in row.values)) if telling else []
    columns = ["smiles", "score", *names, "call", "arm", "sa_score", "alerts"]
    table = [
        [row.smiles, row.score, *(row.values.get(name) for name in names), row.call, row.arm,
         round(_sa_score(str(row.smiles)), 2), ", ".join(structure_alerts(str(row.smiles)))]
        for row in rows
    ]  # fmt: skip
    frame = pandas.DataFrame(table, columns=columns)
    if space is not None and space.checkpoint.domain is not None:
        frame["domain"] = space.domain([str(row.smiles) for row in rows])
    return frame
