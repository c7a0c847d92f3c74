"""What β, a KL target, free bits, word dropout and joint property heads buy, at equal cost.

    python scripts/ways_to_train.py runs/druglike/data -m runs/druglike/run --molecules 40000
    python scripts/ways_to_train.py runs/druglike/data --ways "beta 0.05" "heads 1" -o ways.csv

Every way starts from the same model, sees the same molecules in the same order with the same noise and the same
learning rate, and writes the same share of them from null latents; one thread. So rows differ by the way alone. They
show where a way leads, not where it ends: for that a model has to be trained as long as the shipped one. A row is
written as soon as it is measured, and a row that is there already is not measured again.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV
from torch import Tensor

from molvae.chem.fingerprints import tanimoto
from molvae.datasets import TokenShard, atomic_path
from molvae.evaluate.chemnet import activations
from molvae.evaluate.frechet import Moments, frechet_distance
from molvae.evaluate.latent import property_table
from molvae.evaluate.official import official_statistics
from molvae.evaluate.reference import draw, read_smiles
from molvae.latent import LatentSpace
from molvae.latent.coder import SHIPPED_MODEL
from molvae.latent.results import Encoding
from molvae.model.loss import ElboTerms, elbo_terms, token_nll
from molvae.model.null_latent import NullLatent
from molvae.model.precision import autocast, resolve_precision
from molvae.properties.head import PropertyHead
from molvae.training import TrainConfig
from molvae.training.metrics import to_tensors, validate
from molvae.training.state import step_seed
from molvae.training.task import Task

PROPERTIES = ("logp", "qed", "sa_score", "tpsa", "molecular_weight", "rings", "hetero_atoms")
CONFIG = TrainConfig(batch_size=128, learning_rate=5e-4, null_share=0.5, balance=0.4, validation_size=4_000)
WARMUP = 20  # steps, in which Adam learns the size of the gradients
SMOOTH = 300  # molecules of MOSES test around and between which smoothness is measured
MEASURED = 1_000  # molecules of MOSES test that are reconstructed; half of them fit a ridge regression, half judge it
HELD_OUT = 200  # molecules of each source for the losses


@dataclass(frozen=True)
class Way:
    """One way to train; the defaults are those of the shipped model."""

    name: str
    beta: float = 0.05
    kl_target: float | None = None  # nats: β weighs only what the batch uses beyond it (after arXiv:1804.03599)
    free_bits: float = 0.0  # nats per latent dimension
    word_dropout: float = 0.0
    heads: float = 0.0  # nats for each squared standard deviation by which a property is missed

    def loss(self, terms: ElboTerms) -> Tensor:
        """Return the loss of a batch in nats per molecule."""
        if self.kl_target is None:
            return terms.loss(self.beta, free_bits=self.free_bits)
        kl = terms.kl.mean()
        spared = self.beta * torch.minimum(kl, kl.new_tensor(self.kl_target))
        share = 0.0 if terms.unconditional is None else CONFIG.null_share
        return terms.loss(self.beta) - (1 - share) * spared


BETAS = tuple(Way(f"beta {beta:g}", beta=beta) for beta in (0.05, 0.2, 0.01, 0.1, 0.02))
OTHERS = (
    Way("heads 1", heads=1.0),
    Way("heads 5", heads=5.0),
    Way("word dropout 0.1", word_dropout=0.1),
    Way("free bits 0.25", free_bits=0.25),
    Way("KL target 60", beta=0.2, kl_target=60.0),
)
WAYS = (*BETAS, *OTHERS)


class Trials:
    """Trains and measures one way after the other, all from the same model on the same molecules."""

    def __init__(self, shard: TokenShard, model: Path, *, molecules: int, samples: int, seed: int = 0) -> None:
        self.shard, self.model, self.samples, self.seed = shard, model, samples, seed
        self.steps = molecules // CONFIG.batch_size
        space = LatentSpace.load(model, threads=1, workers=1)
        self.hash = space.checkpoint.weights_sha256[:12]
        checkpoint = space.checkpoint
        prior = checkpoint.priors[checkpoint.default_prior]
        if not isinstance(prior, NullLatent) or len(prior.points) != len(shard.groups):
            raise ValueError(f"{model} must have one null latent for each of the sources {shard.groups}")
        config = replace(CONFIG, seed=seed)
        self.task = Task(shard, model, checkpoint.config, config, vocabulary=checkpoint.vocabulary)
        rows = self.task.validation_rows
        of_source = shard.group_of(rows)
        self.held_out = np.concatenate([rows[of_source == each][:HELD_OUT] for each in range(len(shard.groups))])
        self.batches = self.draw_batches()
        self.test = draw(read_smiles("moses-test"), MEASURED, seed=seed)
        self.properties = property_table(self.test, PROPERTIES)
        self.real = official_statistics("test").moments
        self.dtype = resolve_precision("auto")
        self.labels: dict[int, NDArray[np.float64]] = {}  # of the steps so far, shared by the ways that need them

    def draw_batches(self) -> list[NDArray[np.int64]]:
        """Return the rows of each step, of about equal length; small sources more often than their size, as shipped."""
        rng = np.random.default_rng(self.seed)
        rows = self.task.train_rows
        source = self.shard.group_of(rows)
        sizes = np.bincount(source).astype(float)
        chances = (sizes ** (1 - CONFIG.balance) / sizes)[source]
        drawn = rng.choice(rows, self.steps * CONFIG.batch_size, p=chances / chances.sum())
        ordered = drawn[np.argsort(self.shard.lengths[drawn], kind="stable")]
        batches = ordered.reshape(self.steps, CONFIG.batch_size)
        return [rng.permutation(batch) for batch in batches[rng.permutation(self.steps)]]

    def run(self, way: Way) -> dict[str, object]:
        """Train the model one way and return its figures."""
        space = LatentSpace.load(self.model, threads=1, workers=1, precision="fp32")
        started = time.perf_counter()
        null = self.train(space, way)
        minutes = (time.perf_counter() - started) / 60
        checkpoint = space.checkpoint
        checkpoint.priors["moses"] = NullLatent(null[:1], torch.ones(1))
        # a space prepares the weights of its decoder once
        return {
            "way": way.name,
            "minutes": minutes,
            **self.measure(LatentSpace(checkpoint, threads=1, workers=1), null),
        }

    def train(self, space: LatentSpace, way: Way) -> Tensor:
        """Train the model of a space in place and return its null latents, one for each source (S, D)."""
        vae = space.checkpoint.vae.train()
        vae.decoder.word_dropout = way.word_dropout
        prior = space.checkpoint.priors[space.checkpoint.default_prior]
        assert isinstance(prior, NullLatent)
        null = torch.nn.Parameter(prior.points.clone())
        head = self.new_head(space) if way.heads else None
        parameters = [*vae.parameters(), null, *(head.parameters() if head is not None else ())]
        optimizer = torch.optim.AdamW(parameters, lr=CONFIG.learning_rate, weight_decay=0.0, fused=True)
        for step in range(self.steps):
            seed, rows = step_seed(self.seed, step), self.batches[step]
            count = round(CONFIG.null_share * len(rows))  # the last ones, which have no z
            tokens, lengths = to_tensors(self.task.collate(rows), vae.device)
            sources = torch.from_numpy(self.shard.group_of(rows[-count:]))
            generator = torch.Generator().manual_seed(seed)
            coded = len(rows) - count
            with autocast(self.dtype, vae.device):
                posterior = vae.encoder(tokens[:, :coded], lengths[:coded], generator=generator)
                z = posterior.rsample(generator)
                logits = vae.decoder(torch.cat([z, null[sources]]), tokens[:-1], generator=generator)
            terms = elbo_terms(logits[:, :coded], tokens[1:, :coded], posterior)
            terms = terms._replace(unconditional=token_nll(logits[:, coded:], tokens[1:, coded:]))
            loss = way.loss(terms)
            if head is not None:
                labels = torch.from_numpy(self.labels_of(step, rows[:coded])).float()
                loss = loss + way.heads * labels.shape[1] * head.loss(z.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, CONFIG.gradient_clip)
            optimizer.param_groups[0]["lr"] = CONFIG.learning_rate * min(1.0, (step + 1) / WARMUP)
            optimizer.step()
        vae.decoder.word_dropout = 0.0
        vae.eval()
        return null.detach()

    def new_head(self, space: LatentSpace) -> PropertyHead:
        """Return a head that knows the scales of points and properties."""
        torch_state = torch.random.get_rng_state()  # torch draws the first weights of a layer from its global state
        torch.manual_seed(self.seed)
        head = PropertyHead(space.latent_dim, len(PROPERTIES), hidden=(64,)).standardize(
            space.encode(self.test).mean, self.properties
        )
        torch.random.set_rng_state(torch_state)
        return head

    def labels_of(self, step: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the properties of the molecules `rows` of a step, shape (B, 7)."""
        if step not in self.labels:
            self.labels[step] = property_table(list(self.shard.smiles(rows)), PROPERTIES)
        return self.labels[step]

    def measure(self, space: LatentSpace, null: Tensor) -> dict[str, object]:
        """Return the figures of a trained model."""
        validation = validate(
            space.checkpoint.vae,
            self.shard,
            self.held_out,
            collate=self.task.collate,
            null_latents=null,
            beta=0.0,
            step=self.steps,
            seed=self.seed,
            dtype=self.dtype,
        )
        encoding = space.encode(self.test)
        back = space.decode(encoding.mean)
        return {
            "exact_moses_test": float(np.mean(np.array(back, dtype=object) == encoding.smiles)),
            **{f"exact_{name}": value for name, value in validation.exact_by_source.items()},
            "reconstruction_nats": validation.reconstruction,
            "kl_nats": validation.kl,
            "unconditional_nats": validation.unconditional,
            "active_units": validation.active_units,
            **{
                f"fcd_{prior}": self.fcd(space.sample(self.samples, seed=self.seed, prior=prior))
                for prior in ("moses", "normal")
            },
            **smoothness(space, encoding[np.arange(SMOOTH)], self.properties[:SMOOTH], self.seed),
            **ridge_scores(encoding.mean, self.properties),
            "molecules": self.steps * CONFIG.batch_size,
            "learning_rate": CONFIG.learning_rate,
            "samples": self.samples,
            "seed": self.seed,
            "model": self.hash,
        }

    def fcd(self, samples: list[str]) -> float:
        """Return the FCD of samples against MOSES test."""
        return frechet_distance(self.real, Moments.of(activations(samples, threads=1)))


def smoothness(space: LatentSpace, encoding: Encoding, own: NDArray[np.float64], seed: int) -> dict[str, object]:
    """Return what half a posterior σ from molecules of known properties, and the middle between two, decode to."""
    sigma = np.exp(0.5 * encoding.log_var)
    noise = np.random.default_rng(seed).standard_normal(sigma.shape, dtype=np.float32)
    stepped = space.decode(encoding.mean + np.float32(0.5) * sigma * noise)
    change = np.nanmean(np.abs(property_table(stepped, PROPERTIES) - own), axis=0)
    alike = [tanimoto(a, b) for a, b in zip(encoding.smiles, stepped, strict=True) if a is not None and b is not None]
    middle = space.decode(0.5 * (encoding.mean + np.roll(encoding.mean, 1, axis=0)))
    expected = 0.5 * (own + np.roll(own, 1, axis=0))
    between = np.nanmean(np.abs(property_table(middle, PROPERTIES) - expected), axis=0)
    ends = zip(encoding.smiles, encoding.smiles[-1:] + encoding.smiles[:-1], middle, strict=True)
    nearer = [max(tanimoto(a, c), tanimoto(b, c)) for a, b, c in ends if a and b and c]
    step_figures = {f"half_sigma_{name}": value for name, value in zip(PROPERTIES, change, strict=True)}
    middle_figures = {f"middle_off_{name}": value for name, value in zip(PROPERTIES, between, strict=True)}
    return {
        "half_sigma_tanimoto": float(np.mean(alike)),
        "middle_tanimoto": float(np.mean(nearer)),
        **step_figures,
        **middle_figures,
    }


def ridge_scores(z: NDArray[np.float32], labels: NDArray[np.float64]) -> dict[str, object]:
    """Return R² of a ridge regression from points to each property, on the half that it was not fitted to."""
    half = len(z) // 2
    fitted = RidgeCV(alphas=np.geomspace(0.1, 1e3, 9)).fit(z[:half], labels[:half])
    errors = np.square(fitted.predict(z[half:]) - labels[half:]).mean(axis=0)
    return dict(zip((f"r2_{name}" for name in PROPERTIES), 1 - errors / labels[half:].var(axis=0), strict=True))


def read_rows(path: Path) -> list[dict[str, object]]:
    """Return the rows of a table, none where there is no table yet."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [dict(row) for row in csv.DictReader(stream)]


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    """Write a table of figures, four digits each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: f"{value:.4g}" if isinstance(value, float) else value for key, value in row.items()})


def main() -> None:
    """Parse the arguments, run what is not in the table yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shard", type=Path, help="token shard with the sources that the model was trained on")
    parser.add_argument("-m", "--model", type=Path, default=SHIPPED_MODEL, help="the model that every way starts from")
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent / "results" / "ways_to_train.csv")
    names = [way.name for way in WAYS]
    parser.add_argument("--ways", nargs="+", choices=names, default=names, metavar="WAY", help=", ".join(names))
    parser.add_argument("--molecules", type=int, default=40_000, help="that each way is trained on")
    parser.add_argument("--samples", type=int, default=2_000, help="molecules drawn for each FCD")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    shard = TokenShard.open(options.shard)
    trials = Trials(shard, options.model, molecules=options.molecules, samples=options.samples, seed=options.seed)
    rows = read_rows(options.out)
    known = {way.name: way for way in WAYS}
    for name in options.ways:
        if name not in {row["way"] for row in rows}:
            rows.append(trials.run(known[name]))
            write_rows(options.out, rows)
            print(f"{name}: {len(rows)} of {len(options.ways)} done", file=sys.stderr)


if __name__ == "__main__":
    main()
