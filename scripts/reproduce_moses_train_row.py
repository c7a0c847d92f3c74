"""Reproduce the row that MOSES publishes for its own training set, with molvae's metrics on the same data.

    python scripts/reproduce_moses_train_row.py                              # 30,000 random molecules of 1,584,663
    python scripts/reproduce_moses_train_row.py --whole fcd snn frag scaf    # these of all molecules: hours on a CPU
    python scripts/reproduce_moses_train_row.py --whole fcd snn --device cuda

MOSES computed its row of the whole training set. What a random part of n molecules can say about that differs: SNN,
IntDiv and Filters are means, and come with their standard error; FCD rises as 1/n when n falls, so it is measured at
several sizes and extended to the whole; Frag and Scaf fall with n, because rare fragments and scaffolds are missing,
and are only comparable of the whole. The table says what each figure was computed of.

Work is done in blocks, each kept on disk when it is finished: a killed run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from molvae.chem.moses import fragments_of, scaffold_of
from molvae.datasets import atomic_path, data_folder
from molvae.evaluate import Moments, Statistics, frechet_distance, read_smiles
from molvae.evaluate.bulk import EachMolecule, canonical_many, fingerprint_many
from molvae.evaluate.chemnet import activations
from molvae.evaluate.features import iterate_features
from molvae.evaluate.frechet import merged
from molvae.evaluate.moses import cosine_similarity, moses_filters
from molvae.evaluate.official import official_statistics
from molvae.evaluate.similarity import Fingerprints, mean_similarity, nearest_similarity
from molvae.tokens.processes import CHUNK_SIZE, in_order

# data/samples/train_metrics.csv of the MOSES repository (commit 3926d40), the source of the published table
PUBLISHED = {
    "FCD/Test": 0.007976462128127082,
    "FCD/TestSF": 0.4755338128709923,
    "SNN/Test": 0.6419157421820585,
    "SNN/TestSF": 0.5858705935050414,
    "Frag/Test": 0.9999834247122634,
    "Frag/TestSF": 0.9985992940596576,
    "Scaf/Test": 0.9907434796042832,
    "Scaf/TestSF": 0.0,
    "IntDiv": 0.856675535150156,
    "IntDiv2": 0.8507542837548052,
    "Filters": 1.0,
    "valid": 1.0,
}
PARTS = ("fcd", "snn", "frag", "scaf", "intdiv", "filters")
ROUNDING = 5e-5  # four digits are published
BLOCKS, LEAST_BLOCK = 60, 2_048
DIVERSITY_ROWS = 30_000  # molecules that are compared with all others; their mean has a standard error of 1e-4
SUFFIXES = {"Test": "test", "TestSF": "test_scaffolds"}
Arrays = dict[str, NDArray[Any]]


class Figure(NamedTuple):
    """One figure of the row."""

    value: float
    error: float  # standard error, 0 where it was computed of the whole
    of: str  # what it was computed of


class Run:
    """The molecules that a part is computed of, in blocks that are kept on disk."""

    def __init__(self, train: list[str], n: int, options: argparse.Namespace) -> None:
        order = np.random.default_rng(options.seed).permutation(len(train))[:n]
        self.molecules, self.total = [train[index] for index in order], len(train)  # the file itself is not mixed
        self.size = max(LEAST_BLOCK, -(-len(self.molecules) // BLOCKS))
        self.folder = data_folder() / "moses-train-row" / f"{len(self.molecules)}-mixed-{options.seed}"
        self.options = options

    @property
    def is_whole(self) -> bool:
        return len(self.molecules) == self.total

    def blocks(self, name: str, compute: Callable[[list[str]], Arrays]) -> Iterator[Arrays]:
        """Yield what `compute` makes of each block; finished blocks are read."""
        starts = range(0, len(self.molecules), self.size)
        for number, start in enumerate(tqdm(starts, desc=f"{name} of {len(self.molecules):,}", file=sys.stderr)):
            path = self.folder / f"{name}-{number:03d}.npz"
            if not path.is_file():
                with atomic_path(path) as temporary, temporary.open("wb") as file:
                    np.savez(file, allow_pickle=False, **compute(self.molecules[start : start + self.size]))
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                yield {key: stored[key] for key in stored.files}

    def moments(self) -> list[Moments]:
        """Return the ChemNet moments of each block."""

        def compute(smiles: list[str]) -> Arrays:
            canonical = [text for text in canonical_many(smiles, workers=self.options.workers) if text is not None]
            found = Moments.of(activations(canonical, device=self.options.device, threads=self.options.threads))
            return {"n": np.array(found.n), "mean": found.mean, "covariance": found.covariance}

        blocks = self.blocks("chemnet", compute)
        return [Moments(int(block["n"]), block["mean"], block["covariance"]) for block in blocks]

    def fingerprints(self) -> Fingerprints:
        """Return the fingerprints of all molecules."""

        def compute(smiles: list[str]) -> Arrays:
            return {"bits": fingerprint_many(smiles, workers=self.options.workers)}

        return np.concatenate([block["bits"] for block in self.blocks("fingerprints", compute)])

    def nearest(self, suffix: str, reference: Statistics) -> NDArray[np.float64]:
        """Return the similarity of each molecule to its nearest reference molecule."""

        def compute(smiles: list[str]) -> Arrays:
            bits = fingerprint_many(smiles, workers=self.options.workers)
            how = {"device": self.options.device, "threads": self.options.threads}
            return {"similarity": nearest_similarity(bits, reference.fingerprints, **how)}

        return np.concatenate([block["similarity"] for block in self.blocks(f"nearest-{suffix}", compute)])

    def counts(self, part: str) -> Counter[str]:
        """Return the fragments or the scaffolds of all molecules, counted."""

        def compute(smiles: list[str]) -> Arrays:
            work: EachMolecule[Any] = EachMolecule(fragments_of if part == "frag" else scaffold_of)
            rows = in_order(work, smiles, workers=self.options.workers, chunk_size=CHUNK_SIZE)
            found = Counter(text for row in rows if row for text in ((row,) if part == "scaf" else row))
            counts = np.array(list(found.values()), dtype=np.int64)
            return {"texts": np.frombuffer("\n".join(found).encode(), dtype=np.uint8), "counts": counts}

        total: Counter[str] = Counter()
        for block in self.blocks(part, compute):
            texts = block["texts"].tobytes().decode().split("\n")
            total.update(dict(zip(texts, block["counts"].tolist(), strict=True)))
        return total

    def passes(self) -> NDArray[np.bool_]:
        """Return which molecules are valid and pass the filters."""
        filters = moses_filters()

        def compute(smiles: list[str]) -> Arrays:
            rows = iterate_features(smiles, filters=filters, properties=False, workers=self.options.workers)
            return {"passes": np.array([row is not None and bool(row.passes_filters) for row in rows])}

        return np.concatenate([block["passes"] for block in self.blocks("filters", compute)])


def extended_fcd(blocks: list[Moments], reference: Moments, total: int) -> Figure:
    """Return the FCD that `total` molecules would have, from its fall with 1/n over blocks of them.

    FCD(n) = a + b/n to first order (Chong & Forsyth, arXiv:1911.07023). a and b are fitted to the mean FCD of disjoint
    groups of blocks; the standard error is that of a jackknife over fifths of the blocks.
    """

    def fit(chosen: list[Moments]) -> float:
        sizes, means = [], []
        step = len(chosen)
        while step >= max(1, len(chosen) // 4):
            groups = [merged(chosen[i : i + step]) for i in range(0, len(chosen) - step + 1, step)]
            sizes.append(float(np.mean([group.n for group in groups])))
            means.append(float(np.mean([frechet_distance(reference, group) for group in groups])))
            step //= 2
        slope, intercept = np.polyfit(1 / np.array(sizes), means, 1)
        return float(intercept + slope / total)

    fifths = [[block for i, block in enumerate(blocks) if i % 5 != left_out] for left_out in range(5)]
    parts = [fit(fifth) for fifth in fifths]
    error = math.sqrt(4 / 5 * sum((part - np.mean(parts)) ** 2 for part in parts))
    return Figure(fit(blocks), error, f"{sum(block.n for block in blocks):,}, extended to {total:,}")


def mean_figure(values: NDArray[Any], total: int) -> Figure:
    """Return the mean of molecules drawn from `total`, with its standard error."""
    error = float(values.std() / math.sqrt(len(values))) if len(values) < total else 0.0
    return Figure(float(values.mean()), error, f"{len(values):,}")


def diversity(run: Run) -> Iterator[tuple[str, Figure]]:
    """Yield IntDiv and IntDiv2 as the whole set would have them.

    A molecule's similarity to itself weighs 1/n: it is taken out, and put back with its weight in the whole.
    """
    prints = run.fingerprints()
    rows = prints[np.sort(np.random.default_rng(0).permutation(len(prints))[:DIVERSITY_ROWS])]
    n, whole = len(prints), run.total
    for name, power in (("IntDiv", 1), ("IntDiv2", 2)):
        means = mean_similarity(rows, prints, power=power, device=run.options.device, threads=run.options.threads)
        others = (n * means**power - 1) / (n - 1)
        means = ((others * (whole - 1) + 1) / whole) ** (1 / power)
        # Both molecules of a pair are drawn: the error of a mean over pairs is twice that over one of them.
        error = float(means.std() / math.sqrt(len(means))) * (1 if run.is_whole else 2)
        yield name, Figure(float(1 - means.mean()), error, f"{len(rows):,} with {n:,}")


def figures_of(part: str, run: Run, references: dict[str, Statistics]) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of one part, by name."""
    of = f"{len(run.molecules):,}"
    if part == "fcd":
        blocks = run.moments()
        for suffix, reference in references.items():
            here = frechet_distance(reference.moments, merged(blocks))
            yield (
                f"FCD/{suffix}",
                (Figure(here, 0.0, of) if run.is_whole else extended_fcd(blocks, reference.moments, run.total)),
            )
            if not run.is_whole:
                yield f"FCD/{suffix} as it is", Figure(here, math.nan, of)
    if part == "snn":
        for suffix, reference in references.items():
            yield f"SNN/{suffix}", mean_figure(run.nearest(suffix, reference), run.total)
    if part in ("frag", "scaf"):
        counts = run.counts(part)
        for suffix, reference in references.items():
            real = reference.fragments if part == "frag" else reference.scaffolds
            error = 0.0 if run.is_whole else math.nan
            yield f"{part.capitalize()}/{suffix}", Figure(cosine_similarity(real, counts), error, of)
    if part == "intdiv":
        yield from diversity(run)
    if part == "filters":
        yield "Filters", mean_figure(run.passes().astype(float), run.total)


def remark(name: str, figure: Figure) -> str:
    """Say how a figure compares with the published one."""
    if math.isnan(figure.error):
        return "not comparable: depends on n" if name in PUBLISHED else "rises as n falls"
    difference = figure.value - PUBLISHED[name]
    if abs(difference) <= ROUNDING:
        return "agrees within rounding"
    if figure.error > 0:
        return f"differs by {difference:+.4f}, {abs(difference) / figure.error:.1f} standard errors"
    return f"differs by {difference:+.4f}"


def line_of(name: str, figure: Figure) -> str:
    """Return a line of the table: name, published, found, standard error, what it was computed of, remark."""
    known = f"{PUBLISHED[name]:.4f}" if name in PUBLISHED else ""
    error = f"± {figure.error:.4f}" if figure.error > 0 else ""
    return f"{name:<18} {known:>7}  {figure.value:8.4f} {error:<9} {figure.of:<32} {remark(name, figure)}".rstrip()


@contextmanager
def kept_note(folder: Path) -> Iterator[None]:
    """Say where finished blocks lie when the run is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nfinished blocks are kept in {folder}; run again to go on", file=sys.stderr)
        raise SystemExit(130) from None


def main() -> None:
    """Parse the arguments, compute, print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=30_000, help="random molecules of the training set")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="compute these parts")
    parser.add_argument("--whole", nargs="*", choices=PARTS, default=[], help="compute these of all molecules")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--device", default="cpu", help="of ChemNet and the similarities")
    parser.add_argument("--threads", type=int, help="of both on a CPU; default: all cores")
    parser.add_argument("--workers", type=int, help="processes of the chemistry; default: all cores")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    train = read_smiles("moses-train")
    references = {suffix: official_statistics(split) for suffix, split in SUFFIXES.items()}
    drawn, everything = Run(train, options.n, options), Run(train, len(train), options)
    report: dict[str, dict[str, object]] = {}
    with kept_note(drawn.folder.parent):
        for part in options.only:
            for name, figure in figures_of(part, everything if part in options.whole else drawn, references):
                report[name] = {
                    "value": figure.value,
                    "standard_error": None if math.isnan(figure.error) else figure.error,
                    "of": figure.of,
                    "published": PUBLISHED.get(name),
                    "remark": remark(name, figure),
                }
                if not options.json:
                    known = f"{PUBLISHED[name]:.4f}" if name in PUBLISHED else ""
                    error = "" if math.isnan(figure.error) or figure.error == 0 else f"± {figure.error:.4f}"
                    line = (
                        f"{name:<18} {known:>7}  {figure.value:8.4f} {error:<9} {figure.of:<32} {remark(name, figure)}"
                    )
                    print(line.rstrip(), flush=True)
    if options.json:
        print(json.dumps({"seed": options.seed, "molecules": len(train), "figures": report}, indent=1))


if __name__ == "__main__":
    main()
