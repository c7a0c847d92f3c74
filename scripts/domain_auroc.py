"""How well the domain score of a model tells molecules like MOSES from others: AUROC, with what it is made of.

    python scripts/domain_auroc.py                                  # the shipped model, 2,000 molecules of each set
    python scripts/domain_auroc.py --chembl chembl_70k.smi.gz --json

MOSES test molecules are compared with NCI molecules (in RDKit's wheel), ChEMBL-like ones (--chembl FILE; left out
without), random SELFIES (as long as MOSES molecules: symbols drawn evenly from those of MOSES, and by how often they
occur there), and MOSES molecules whose symbols are shuffled. Refused molecules have no score and do not count; how many
there were stands beside. A model that holds no domain learns one first, from MOSES training molecules.

The importance-weighted bound (--samples above 0) is measured beside the score, of which it is no part: it costs a pass
of the decoder for each sample.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

import molvae
from molvae.errors import DataError
from molvae.evaluate import draw, read_smiles
from molvae.latent.domain import domain_of, measure
from molvae.latent.space import LatentSpace
from molvae.model.domain import Domain
from molvae.tokens.bulk import decode_many, encode_many
from molvae.tokens.codec import EncodedMolecule

TRAINING = 10_000  # MOSES training molecules for a model without a domain
ASKED = {"NCI": 0.80, "random SELFIES": 0.95}


def sets_of(space: LatentSpace, options: argparse.Namespace) -> dict[str, list[str | None]]:
    """Return the molecules that are compared, MOSES test first."""
    codec, rng = space.pipeline.codec, np.random.default_rng(options.seed)
    moses = draw(read_smiles("moses-test"), options.molecules, seed=options.seed)
    tokens = [np.array(row.tokens) for row in encode_many(codec, moses) if isinstance(row, EncodedMolecule)]
    every = np.concatenate(tokens)
    sequences = {
        "random SELFIES": [rng.choice(np.unique(every), size=len(row)) for row in tokens],
        "random SELFIES by frequency": [rng.choice(every, size=len(row)) for row in tokens],
        "shuffled molecules": [rng.permutation(row) for row in tokens],
    }
    sets: dict[str, list[str | None]] = {"MOSES test": list(moses)}
    sets["NCI"] = list(draw(read_smiles("nci"), options.molecules, seed=options.seed))
    if options.chembl:
        sets["ChEMBL-like"] = list(draw(read_smiles(options.chembl), options.molecules, seed=options.seed))
    for name, rows in sequences.items():
        decoded = decode_many(codec, (row.tolist() for row in rows))
        sets[name] = [smiles if isinstance(smiles, str) else None for smiles in decoded]
    return sets


def measured(space: LatentSpace, smiles: Sequence[str | None], samples: int) -> dict[str, np.ndarray]:
    """Return how strange the taken ones of some molecules are, by the score and by each measure."""
    rows = [row for row in encode_many(space.pipeline.codec, smiles) if isinstance(row, EncodedMolecule)]
    domain = domain_of(space.checkpoint)
    found = measure(space.pipeline.network, [row.tokens for row in rows])
    z, nats = torch.from_numpy(found.mean), torch.from_numpy(found.nats_per_symbol)
    measures = domain.measures(z, nats)
    columns = {"domain score": domain.strangeness(measures).amax(dim=1).numpy()}
    columns |= {name: measures[:, i].numpy() for i, name in enumerate(Domain.MEASURES)}
    symbols = np.array([len(row.tokens) + 1 for row in rows])
    columns["-ELBO"] = found.nats_per_symbol * symbols
    if samples:
        bound = -space.importance_weighted_bound([row.smiles for row in rows], samples=samples)
        columns |= {f"-bound of {samples} samples": bound, f"-bound of {samples} per symbol": bound / symbols}
    return columns


def main() -> int:
    """Parse the arguments, measure, print; 1 where less is reached than asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--model", help="folder of the model; default: the one that comes with molvae")
    parser.add_argument("--chembl", help="ChEMBL-like molecules, a file of SMILES")
    parser.add_argument("-n", "--molecules", type=int, default=2_000, help="of each set")
    parser.add_argument("--samples", type=int, default=0, help="of the importance-weighted bound")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    space = molvae.load(options.model)
    try:
        domain_of(space.checkpoint)
        learned = "stored with the model"
    except DataError:
        space.learn_domain(draw(read_smiles("moses-train"), TRAINING, seed=options.seed))
        learned = f"learned now from {TRAINING:,} MOSES training molecules"
    sets = sets_of(space, options)
    values = {}
    for name, smiles in sets.items():
        print(f"{name}: {len(smiles):,} molecules", file=sys.stderr)
        values[name] = measured(space, smiles, options.samples)
    known = values.pop("MOSES test")
    table = {
        name: {measure: auroc(known[measure], column) for measure, column in columns.items()}
        for name, columns in values.items()
    }
    taken = {name: len(columns["domain score"]) for name, columns in values.items()}
    report = {
        "model": space.checkpoint.weights_sha256, "domain": learned, "seed": options.seed,
        "MOSES test": len(known["domain score"]), "taken": taken, "given": {name: len(sets[name]) for name in table},
        "auroc": table,
    }  # fmt: skip
    if options.json:
        print(json.dumps(report))
    else:
        print(f"AUROC against {report['MOSES test']:,} MOSES test molecules; domain {learned}; seed {options.seed}")
        for name, row in table.items():
            print(f"\n{name}, {taken[name]:,} of {len(sets[name]):,} taken")
            print("\n".join(f"  {measure:<28} {value:.3f}" for measure, value in row.items()))
    return int(any(table[name]["domain score"] < least for name, least in ASKED.items()))


def auroc(known: np.ndarray, other: np.ndarray) -> float:
    """Return the probability that one of the others is stranger than a known one."""
    labels = np.repeat([0, 1], [len(known), len(other)])
    return float(roc_auc_score(labels, np.concatenate([known, other])))


if __name__ == "__main__":
    sys.exit(main())
