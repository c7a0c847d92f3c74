"""What the ways to sample a trained model give, without any training of it, at equal weights.

    python scripts/ways_to_sample.py                                  # the shipped model
    python scripts/ways_to_sample.py -m runs/druglike/run -n 5000 --ways "null 1" "null 0.9" floor -o ways.csv

Densities over z are fitted to posterior samples of MOSES train: a Gaussian, a mixture of 20 full-covariance Gaussians,
and a neural spline flow (Durkan et al., arXiv:1906.04032; zuko, pip install zuko). "null" is the null latent of MOSES
at a temperature, with or without top-p, as written. "canonical" keeps of what it writes only the strings that are
those of their own molecules, "selected" what the prior keeps. "posterior" decodes posterior samples of held-out
molecules: what a perfect density over z would give. "half sigma" decodes steps of half a posterior σ from held-out
molecules, "middle" the middle between two of them. "floor" is real molecules. A row is written as soon as it is
measured, and a row that is there already is not measured again.
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture
from ways_to_train import read_rows, write_rows  # type: ignore[import-not-found]  # the script beside this one

from molvae.evaluate import load_reference
from molvae.evaluate.chemnet import activations
from molvae.evaluate.features import measure_features
from molvae.evaluate.frechet import Moments, frechet_distance
from molvae.evaluate.moses import diversity_measures, moses_filters
from molvae.evaluate.reference import draw
from molvae.evaluate.similarity import nearest_similarity
from molvae.latent import LatentSpace
from molvae.latent.coder import SHIPPED_MODEL
from molvae.model.null_latent import NullLatent
from molvae.model.selection import Selection

NULLS = {f"null {t:g}": (t, None) for t in (1.0, 0.9, 0.8, 0.7, 0.6)} | {
    f"null top-p {p:g}": (1.0, p) for p in (0.95, 0.9)
}
DENSITIES = ("normal", "gaussian", "mixture", "flow")
WAYS = (*NULLS, "canonical", "selected", "floor", "posterior", "half sigma", "middle", *DENSITIES)
COMPONENTS = 20
FLOW_STEPS, FLOW_BATCH = 3_000, 512

Points = NDArray[np.float32]


class Ways:
    """Samples of one model in several ways, and their figures."""

    def __init__(self, model: Path, n: int, fitted: int, seed: int) -> None:
        self.space = LatentSpace.load(model, threads=1, workers=1)
        self.n, self.fitted, self.seed = n, fitted, seed
        self.reference = load_reference("moses")
        self.filters = moses_filters()

    def row(self, way: str) -> dict[str, object]:
        """Return the figures of one way."""
        began = time.perf_counter()
        given = self.samples(way)
        seconds = time.perf_counter() - began
        features = measure_features(given, filters=self.filters, properties=False)
        moments = Moments.of(activations(features.smiles, threads=1))
        assert features.passes is not None
        test = self.reference.test
        nearest = nearest_similarity(features.fingerprints, test.fingerprints, threads=1)
        return {
            "way": way,
            "n": self.n,
            "fcd_test": frechet_distance(test.moments, moments),
            "filters": float(features.passes.mean()),
            "snn_test": float(nearest.mean()),
            "int_div": diversity_measures(features.fingerprints, threads=1)[0].value,
            "unique": len(set(features.smiles)) / max(1, len(features)),
            "valid": len(features) / len(given),
            "seconds": seconds,
            "seed": self.seed,
            "model": self.space.checkpoint.weights_sha256[:12],
        }

    def samples(self, way: str) -> list[str | None]:
        """Return n molecules of a way, None where a point decodes to none."""
        if way == "floor":
            return list(draw(self.reference.train, self.n, seed=self.seed + 1))
        if way in NULLS:
            temperature, top_p = NULLS[way]
            how: dict[str, Any] = {"temperature": temperature, "top_p": top_p, "select": False}
            return list(self.space.sample(self.n, seed=self.seed, prior="moses", **how))
        if way in ("canonical", "selected"):
            prior = self.space.prior("moses")
            assert isinstance(prior, NullLatent)
            if way == "canonical":
                prior = prior.selecting(Selection.of_canonical())
            return list(self.space.sample(self.n, seed=self.seed, prior=prior))
        return list(self.space.decode(self.points(way)))

    def points(self, way: str) -> Points:
        """Return n points of a way (n, D)."""
        rng = np.random.default_rng(self.seed)
        if way in ("posterior", "half sigma", "middle"):
            encoding = self.space.encode(draw(self.reference.molecules, self.n, seed=self.seed))
            if way == "middle":
                middle: Points = 0.5 * (encoding.mean + np.roll(encoding.mean, 1, axis=0))
                return middle
            return encoding.sample(seed=self.seed, scale=1.0 if way == "posterior" else 0.5)
        if way == "normal":
            return rng.standard_normal((self.n, self.space.latent_dim), dtype=np.float32)
        if way == "gaussian":
            covariance = np.cov(self.cloud.T)
            return rng.multivariate_normal(self.cloud.mean(axis=0), covariance, self.n).astype(np.float32)
        if way == "mixture":
            mixture = GaussianMixture(COMPONENTS, reg_covar=1e-4, max_iter=50, random_state=self.seed).fit(self.cloud)
            drawn, _ = mixture.sample(self.n)
            return np.asarray(drawn, dtype=np.float32)
        return self.flow_points()

    @cached_property
    def cloud(self) -> Points:
        """A posterior sample of each of some molecules of MOSES train (m, D)."""
        return self.space.encode(draw(self.reference.train, self.fitted, seed=self.seed)).sample(seed=self.seed)

    def flow_points(self) -> Points:
        """Return n points of a neural spline flow with 6 layers, fitted by maximum likelihood."""
        zuko = importlib.import_module("zuko")
        torch.manual_seed(self.seed)  # a script of its own: zuko draws from torch's global state
        data = torch.from_numpy(self.cloud)
        centre, spread = data.mean(dim=0), data.std(dim=0)
        data = (data - centre) / spread
        flow = zuko.flows.NSF(self.space.latent_dim, transforms=6, hidden_features=(256, 256))
        optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
        for step in range(FLOW_STEPS):
            batch = data[torch.randint(len(data), (FLOW_BATCH,))]
            loss = -flow().log_prob(batch).mean()
            optimizer.param_groups[0]["lr"] = 5e-4 * (1 + math.cos(math.pi * step / FLOW_STEPS))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
            optimizer.step()
            if step % 100 == 0:
                print(f"flow: step {step:,}, {float(loss):.1f} nats", file=sys.stderr)
        with torch.no_grad():
            points: Points = (flow().sample((self.n,)) * spread + centre).numpy()
        return points


def main() -> None:
    """Parse the arguments, measure what is not in the table yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--model", type=Path, default=SHIPPED_MODEL)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent / "results" / "ways_to_sample.csv")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, metavar="WAY", help=", ".join(WAYS))
    parser.add_argument("-n", type=int, default=5_000, help="molecules of each way")
    parser.add_argument("--fitted", type=int, default=50_000, help="molecules that densities are fitted to")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    ways, rows = Ways(options.model, options.n, options.fitted, options.seed), read_rows(options.out)
    for way in options.ways:
        if way not in {row["way"] for row in rows}:
            rows.append(ways.row(way))
            write_rows(options.out, rows)
            print(f"{way}: done", file=sys.stderr)


if __name__ == "__main__":
    main()
