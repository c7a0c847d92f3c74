"""What β buys: reconstruction, KL, unconditional likelihood and smoothness of one model, trained on under several β.

    python scripts/rate_distortion.py runs/druglike/data -m runs/druglike/run --steps 1500 --betas 0.02 0.05 0.1 0.2

Each trial starts from the same model and sees the same molecules in the same order, with null latents for 40 % of
them, so rows differ by β alone. Prints a table, and with --json one object with the conditions.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import molvae
from molvae.datasets import TokenShard
from molvae.evaluate import evaluate_latent
from molvae.training import TrainConfig, fine_tune
from molvae.training.task import Task

SMOOTHNESS = ("0.5 σ: Tanimoto", "1 σ: Tanimoto", "distance ~ dissimilarity")
MOLECULES = 500  # held-out molecules around which smoothness is measured


def trial(shard: TokenShard, model: Path, folder: Path, beta: float, steps: int, seed: int) -> dict[str, float]:
    """Train the model on under one β, and return its figures on held-out molecules."""
    config = TrainConfig(
        max_steps=steps,
        learning_rate=1e-3,
        null_share=0.4,
        beta=beta,
        beta_schedule="constant",
        validate_every=steps,
        seed=seed,
    )
    result = fine_tune(model, shard, folder, train_config=config)
    validation = result.validation
    assert validation is not None
    assert validation.unconditional is not None
    space = molvae.load(folder)
    task = Task(shard, folder, space.checkpoint.config, config, space.checkpoint.vocabulary)
    held_out = list(shard.smiles(task.validation_rows[:MOLECULES]))
    latent = evaluate_latent(space, held_out, n=MOLECULES, seed=seed, prior="gaussian").groups["smoothness"]
    return {
        "beta": beta,
        "exact": validation.exact_reconstruction,
        "reconstruction_nats": validation.reconstruction,
        "kl_nats": validation.kl,
        "unconditional_nats": validation.unconditional,
        "active_units": validation.active_units,
        **{each.name: each.value for each in latent if each.name in SMOOTHNESS},
    }


def main() -> None:
    """Parse the arguments, run the trials, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shard", type=Path)
    parser.add_argument("-m", "--model", type=Path, required=True, help="the model that every trial starts from")
    parser.add_argument("--betas", type=float, nargs="+", default=[0.02, 0.05, 0.1, 0.2, 0.4])
    parser.add_argument("--steps", type=int, default=1_500, help="of 128 molecules, for each β")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    shard, rows = TokenShard.open(options.shard), []
    for beta in options.betas:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(trial(shard, options.model, Path(folder) / "run", beta, options.steps, options.seed))
        print(f"beta {beta:g} done", file=sys.stderr)
    if options.json:
        conditions = {"steps": options.steps, "seed": options.seed, "model": str(options.model)}
        print(json.dumps({**conditions, "molecules": len(shard), "trials": rows}))
        return
    print("  ".join(f"{name:>24}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:24.4g}" for value in row.values()))


if __name__ == "__main__":
    main()
