"""How well a model of the default size reconstructs after some minutes of training on part of MOSES.

    python scripts/benchmark_quality.py                    # 200,000 molecules, 10 minutes; fetches MOSES once
    python scripts/benchmark_quality.py --out runs/moses   # and keeps the model there

Trains on a seeded random sample of MOSES train, every molecule written from its own z (null share 0), and
reconstructs molecules of MOSES test, greedily from the posterior mean; exact means that the canonical isomeric SMILES
is equal. Prints JSON with every condition.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch

import molvae
from molvae.datasets import prepare_smiles, random_split
from molvae.model.diagnostics import latent_use
from molvae.model.parallel import resolve_threads
from molvae.model.posterior import DiagonalGaussian
from molvae.training import Event, Progress, TrainConfig, Validation, train


def chosen_smiles(split: str, count: int, seed: int) -> list[str]:
    """Return a seeded random sample of a split of MOSES, in the order of the file."""
    smiles = [row.smiles for row in molvae.dataset("moses").rows(split) if row.smiles is not None]
    chosen, _ = random_split(len(smiles), (count / len(smiles), 1 - count / len(smiles)), seed=seed)
    return [smiles[index] for index in sorted(chosen.tolist())]


def show(event: Event) -> None:
    """Print progress on one line and each validation on its own."""
    if isinstance(event, Progress):
        text = f"{event.share:4.0%}  loss {event.loss:.2f} nats  {event.molecules_per_second:,.0f} molecules/s"
        print(f"\r{text}  ", end="", file=sys.stderr, flush=True)
    elif isinstance(event, Validation):
        print(f"\rstep {event.step:,}: {event.exact_reconstruction:.1%} exact, KL {event.kl:.1f}", file=sys.stderr)


def main() -> None:
    """Parse the arguments, train, reconstruct, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="molecules of MOSES train")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--test", type=int, default=5_000, help="molecules of MOSES test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder to keep shard and model in; default: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch)
        shard = prepare_smiles(chosen_smiles("train", options.rows, options.seed), out / "shard", workers=None)
        config = TrainConfig(max_minutes=options.minutes, null_share=0.0, seed=options.seed)
        result = train(shard, out / "model", train_config=config, on_event=show)
        space = molvae.load(out / "model")
        smiles = chosen_smiles("test", options.test, options.seed)
        reconstruction = space.reconstruct(smiles)
        encoding = space.encode(smiles)
        moments = (torch.from_numpy(values[encoding.ok]) for values in (encoding.mean, encoding.log_var))
        use = latent_use(DiagonalGaussian(*moments))
        samples = space.sample(options.test, seed=options.seed)
        novel = set(samples) - set(shard.smiles())
        print(
            json.dumps(
                {
                    "exact reconstruction": round(reconstruction.rate, 4),
                    "exact": sum(row.exact for row in reconstruction),
                    "of molecules taken": reconstruction.taken,
                    "refused": len(reconstruction) - reconstruction.taken,
                    "KL, nats per molecule": round(use.kl, 2),
                    "active units": use.active_units,
                    "of units": space.latent_dim,
                    "prior of the samples": space.priors[0],
                    "distinct samples": len(set(samples)),
                    "of them novel": len(novel),
                    "of samples": len(samples),
                    "molecules seen in training": result.molecules,
                    "molecules to train on": len(shard),
                    "minutes of training": round(result.seconds / 60, 2),
                    "molecules per second, validation included": round(result.molecules / result.seconds),
                    "cores": resolve_threads(None),
                    "precision": space.pipeline.network.precision,
                    "seed": options.seed,
                },
                indent=1,
            )
        )


if __name__ == "__main__":
    main()
