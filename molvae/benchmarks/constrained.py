"""Constrained optimization of penalized logP (Jin et al., arXiv:1802.04364): raise it, and stay like the start.

From each of 800 molecules of the ZINC250k test set, those with the lowest penalized logP, the best molecule is sought
whose similarity to the start is at least δ = 0, 0.2, 0.4 or 0.6.

Protocol, as in MoFlow (arXiv:2006.10137): similarity is Tanimoto's on unfolded Morgan counts of radius 2; penalized
logP has each term in standard deviations of ZINC250k (You et al., arXiv:1806.02473), its rings are RDKit's smallest
ones. A search that ends with a molecule other than the start, no worse than it, is a success; the published improvement
is the mean over successes, and beside it stands the mean over all molecules, in which a failure counts 0.

Two things differ. A molecule here has at most 38 heavy atoms, as the largest of ZINC250k: the published program states
no cap, and without one long chains win. And MoFlow took the 800 lowest molecules of all of ZINC250k, some of which lie
far lower than these. The published methods count no calls; here each search has a budget, and the table tells the sum.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from molvae.benchmarks.side_by_side import side_by_side
from molvae.chem.lipophilicity import penalized_logp
from molvae.chem.molecule import canonical_smiles, mol_from_canonical
from molvae.chem.similarity import SimilarityTo
from molvae.datasets.files import atomic_path
from molvae.datasets.writers import write_rows
from molvae.errors import ConfigError, DataError
from molvae.latent.space import LatentSpace
from molvae.optimize.build import StrategyName, uses_model
from molvae.optimize.constraints import SimilarTo
from molvae.optimize.objective import Objective
from molvae.optimize.run import optimize

DELTAS = (0.6, 0.4, 0.2, 0.0)  # the narrowest first: what it finds is a start for the next
PUBLISHED = {0.0: 8.61, 0.2: 7.06, 0.4: 4.71, 0.6: 2.10}  # MoFlow, mean over successes
_RESULTS, _SETTINGS = "results.jsonl", "settings.json"
_PARENTS, _BATCH = 50, 20  # molecules that a search begins with, and those scored at a time


@dataclass(frozen=True)
class Improvement:
    """The best molecule that one search found."""

    row: int  # of the start in its file, from 1
    delta: float  # lowest similarity allowed
    start: str  # canonical SMILES
    start_score: float  # its penalized logP
    smiles: str  # the best other molecule, '' where there was none
    score: float | None  # None where there was none
    similarity: float | None
    calls: int  # of this search and of those with a larger δ, whose finds it began with

    @property
    def gain(self) -> float:
        """By how much the score rose; 0 where it did not."""
        return self.score - self.start_score if self.score is not None and self.succeeded else 0.0

    @property
    def succeeded(self) -> bool:
        """Whether another molecule, no worse than the start, was found."""
        return self.score is not None and self.score >= self.start_score


def run_constrained(
    folder: Path | str,
    molecules: Sequence[str],
    *,
    deltas: Sequence[float] = DELTAS,
    strategy: StrategyName = "graph-ga",
    budget: int = 500,
    seed: int = 0,
    model: Path | str | None = None,
    workers: int = 1,
    on_molecule: Callable[[Sequence[Improvement]], None] | None = None,
) -> list[Improvement]:
    """Return the best molecule for each start and each δ; starts that are in the folder already are not done again.

    Args:
        folder: gets settings.json, results.jsonl, one line for each search, and table.csv.
        molecules: starts, as SMILES.
        deltas: lowest similarities; 0 leaves only the cap of 38 heavy atoms.
        strategy: of `build_strategy`.
        budget: calls of one search, for one start and one δ.
        seed: of all searches.
        model: folder of the model; None for the one that comes with molvae.
        workers: starts at a time, each in a process of its own.
        on_molecule: called after each start, with its searches.

    Raises:
        ConfigError: a δ that is no similarity, or a folder that holds another benchmark.
        DataError: a damaged file of results.
        MoleculeError: a start that is refused.
    """
    folder, deltas = Path(folder), sorted(set(deltas), reverse=True)
    if not deltas or not all(0 <= delta <= 1 for delta in deltas):
        raise ConfigError(f"deltas must be similarities from 0 to 1, got {deltas}")
    starts = [canonical_smiles(text) for text in molecules]
    about: dict[str, object] = {
        "strategy": strategy, "budget": budget, "seed": seed, "deltas": deltas, "model": str(model or ""),
    }  # fmt: skip
    found = _begin(folder, about)
    _check_starts(found, starts, folder)
    jobs = [
        (row, start, deltas, strategy, budget, seed, model)
        for row, start in enumerate(starts, start=1) if (row, deltas[-1]) not in found
    ]  # fmt: skip
    for improvements in side_by_side(_improve, jobs, workers):
        with open(folder / _RESULTS, "a", encoding="utf-8") as stream:  # in one write, a whole line each
            stream.write("".join(json.dumps(asdict(one)) + "\n" for one in improvements))
        found |= {(one.row, one.delta): one for one in improvements}
        if on_molecule is not None:
            on_molecule(improvements)
    wanted = [found[row, delta] for row in range(1, len(starts) + 1) for delta in deltas]
    rows = table(wanted)
    write_rows(folder / "table.csv", rows, columns=list(rows[0]) if rows else ["delta"], smiles_column="")
    return wanted


def table(improvements: Sequence[Improvement]) -> list[dict[str, object]]:
    """Return one row for each δ: improvement and similarity of successes, mean and sd; their share; mean over all."""
    rows: list[dict[str, object]] = []
    for delta in sorted({one.delta for one in improvements}):
        of_delta = [one for one in improvements if one.delta == delta]
        done = [one for one in of_delta if one.succeeded]
        gains, likeness = [one.gain for one in done], [one.similarity for one in done if one.similarity is not None]
        rows.append({
            "delta": delta, "molecules": len(of_delta), "success": len(done) / len(of_delta),
            "improvement": float(np.mean(gains)) if done else None, "sd": float(np.std(gains)) if done else None,
            "similarity": float(np.mean(likeness)) if done else None,
            "similarity_sd": float(np.std(likeness)) if done else None,
            "improvement_of_all": float(np.mean([one.gain for one in of_delta])),
            "calls": float(np.mean([one.calls for one in of_delta])),
            "published_moflow": PUBLISHED.get(delta),
        })  # fmt: skip
    return rows


_Job = tuple[int, str, Sequence[float], StrategyName, int, int, Path | str | None]


def _improve(job: _Job) -> list[Improvement]:
    """Search for one start, from the narrowest δ to the widest."""
    row, start, deltas, strategy, budget, seed, model = job
    space = _space(model) if uses_model(strategy, (start,)) else None
    likeness = SimilarityTo(start)
    start_score = penalized_logp(mol_from_canonical(start))
    known: dict[str, float] = {}
    found, calls = [], 0
    for delta in deltas:
        begin = sorted(known, key=lambda smiles: -known[smiles])[:_PARENTS]
        objective = Objective("penalized_logp", constraints=[SimilarTo(start, delta)], budget=budget)
        with objective:
            optimize(
                objective, space=space, strategy=strategy, start=[start, *begin], library=[start],
                seed=int(np.random.SeedSequence([seed, row]).generate_state(1)[0]), batch=_BATCH,
            )  # fmt: skip
            calls += objective.calls
            known |= {str(one.smiles): one.score for one in objective.rows if one.contends}
        others = [smiles for smiles in known if smiles != start]
        best = max(others, key=lambda smiles: known[smiles], default="")
        similarity = likeness(mol_from_canonical(best)) if best else None
        found.append(Improvement(row, delta, start, start_score, best, known.get(best), similarity, calls))
    return found


_spaces: dict[str, LatentSpace] = {}  # of this process


def _space(model: Path | str | None) -> LatentSpace:
    key = str(model or "")
    if key not in _spaces:
        _spaces[key] = LatentSpace.load(model, threads=1, workers=1)
    return _spaces[key]


def _begin(folder: Path, about: Mapping[str, object]) -> dict[tuple[int, float], Improvement]:
    """Write the settings, or check those that there are; return what was done, of starts that were finished."""
    path = folder / _SETTINGS
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        return {}
    before = json.loads(path.read_text(encoding="utf-8"))
    for name, value in about.items():
        if before.get(name) != value:
            raise ConfigError(
                f"{folder} holds a benchmark with {name} {before.get(name)}, here it is {value}; name another folder"
            )
    results = folder / _RESULTS
    if not results.exists():
        return {}
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):  # a kill in the midst of a line
        lines.pop()
        with atomic_path(results) as temporary:
            temporary.write_text("".join(lines), encoding="utf-8")
    try:
        found = [Improvement(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as err:
        raise DataError(f"{results} is damaged: {err}") from err
    return {(one.row, one.delta): one for one in found}


def _check_starts(found: dict[tuple[int, float], Improvement], starts: Sequence[str], folder: Path) -> None:
    for one in found.values():
        if one.row <= len(starts) and one.start != starts[one.row - 1]:
            raise ConfigError(f"{folder} holds a benchmark of other molecules: its row {one.row} is {one.start}")
