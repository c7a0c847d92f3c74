"""Using molvae leaves the host program as it was: random states, logging, constraints, threads, handlers."""

from __future__ import annotations

import logging
import os
import random
import signal
import warnings
from pathlib import Path

# Importing these sets environment variables and warning filters; from then on nothing may change.
import matplotlib.figure  # noqa: F401
import numpy as np
import pandas  # noqa: F401
import pytest
import rdkit.Chem  # noqa: F401
import selfies
import sklearn.isotonic
import sklearn.linear_model  # noqa: F401
import torch
from rdkit import rdBase

import molvae
from molvae.datasets.preparation import prepare_smiles
from molvae.evaluate import evaluate_latent, evaluate_reconstruction, measure_statistics
from molvae.evaluate.guacamol import training_subset
from molvae.plots.evaluation import draw_reconstruction


def global_state() -> dict[str, object]:
    return {
        "random": random.getstate(),
        "numpy": repr(np.random.get_state()),  # noqa: NPY002  the global state is what must not change
        "torch": torch.get_rng_state().tolist(),
        "torch threads": torch.get_num_threads(),
        "torch defaults": (torch.get_default_dtype(), torch.is_grad_enabled()),
        "selfies": selfies.get_semantic_constraints(),
        "rdkit logs": rdBase.LogStatus(),
        "logging": (logging.getLogger().level, list(logging.getLogger().handlers), logging.getLogger("molvae").level),
        "warnings": list(warnings.filters),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "signals": (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)),
    }  # fmt: skip


@pytest.fixture
def selfies_of_the_host() -> object:
    """A host program with a table of its own, as one that works with hypervalent molecules has."""
    before = selfies.get_semantic_constraints()
    selfies.set_semantic_constraints("hypervalent")
    yield
    selfies.set_semantic_constraints(before)


@pytest.mark.usefixtures("selfies_of_the_host")
def test_the_whole_way_from_smiles_to_a_model_and_back_changes_no_global_state(
    wehi_smiles: list[str], tmp_path: Path
) -> None:
    first = torch.nn.Parameter(torch.zeros(1))
    torch.optim.AdamW([first], fused=True).step()  # the first optimizer imports torch's compiler, and that sympy
    before = global_state()
    shard = prepare_smiles([smiles for smiles in wehi_smiles[:64] if "." not in smiles], tmp_path / "shard")
    sizes = molvae.VAEConfig(embedding_dim=8, encoder_hidden_dim=16, latent_dim=4, decoder_hidden_dim=16)
    molvae.train(shard, tmp_path / "run", vae_config=sizes, train_config=molvae.TrainConfig(max_steps=3, batch_size=16))
    space = molvae.load(tmp_path / "run", threads=1)
    encoding = space.encode(["CCO", "c1cccc1", None, wehi_smiles[0]])
    space.decode(encoding.mean[encoding.ok], temperature=1.0, seed=1)
    space.sample(3, seed=0)
    space.sample(3)
    space.reconstruct(wehi_smiles[:3])
    space.interpolate(wehi_smiles[0], wehi_smiles[1], n=3)
    space.elbo(wehi_smiles[:2], seed=0)
    with molvae.Objective("scaffold_hop", journal=tmp_path / "journal.db") as objective:
        objective.evaluate([*wehi_smiles[:3], "c1cccc1"])
    measure_statistics(wehi_smiles[:3])
    training_subset(wehi_smiles, 5)
    evaluate_latent(space, wehi_smiles, n=8)
    draw_reconstruction(evaluate_reconstruction(space, wehi_smiles[:3]), tmp_path / "rows.png")
    after = global_state()
    assert [name for name in before if before[name] != after[name]] == []
