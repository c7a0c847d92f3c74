"""A trained model made ready for molecules with symbols that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from molvae.datasets.shards import TokenShard
from molvae.errors import DataError
from molvae.model.checkpoint import load_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.null_latent import NullLatent
from molvae.model.priors import WHOLE
from molvae.model.vae import MoleculeVAE, build_vae
from molvae.tokens.vocabulary import SPECIAL_SYMBOLS, Vocabulary

_NOISE = 0.1  # of the spread of the known rows: enough to tell new symbols apart


class Origin(NamedTuple):
    """What fine-tuning starts from."""

    vae: MoleculeVAE
    vae_config: VAEConfig
    vocabulary: Vocabulary  # of the checkpoint, and after it the unseen symbols of the shard
    weights_hash: str  # SHA-256 of the weights file
    longest_molecule: int  # symbols, of those it was trained on; 0 where the model does not say
    null_latent: Tensor | None  # (D,), of the prior of all it has learned, where the model also writes without z


def load_for_fine_tuning(checkpoint_folder: Path | str, shard: TokenShard, *, seed: int) -> Origin:
    """Load a model and extend its vocabulary by the symbols of `shard`.

    Raises:
        CheckpointError: no model is in the folder, or it is damaged.
        DataError: the shard was prepared under other constraints or another standardization than the model.
    """
    checkpoint = load_checkpoint(checkpoint_folder)
    for name in ("constraints", "standardization"):
        if getattr(checkpoint, name) != getattr(shard, name):
            raise DataError(
                f"{shard.path} was prepared under another {name} setting than the model in {checkpoint_folder}, so its "
                "tokens would mean other molecules: prepare it with the settings of the model"
            )
    vocabulary = checkpoint.vocabulary.extended(shard.vocabulary.symbols)
    vae = extend_vocabulary(
        checkpoint.vae,
        checkpoint.config,
        vocabulary_size=len(vocabulary),
        generator=torch.Generator().manual_seed(seed),
    )
    longest = checkpoint.metadata.get("longest_molecule")
    known = longest if isinstance(longest, int) else 0
    prior = checkpoint.priors.get(WHOLE, checkpoint.priors[checkpoint.default_prior])
    null_latent = prior.points.mean(dim=0) if isinstance(prior, NullLatent) else None
    return Origin(vae, checkpoint.config, vocabulary, checkpoint.weights_sha256, known, null_latent)


@torch.no_grad()
def extend_vocabulary(
    vae: MoleculeVAE, config: VAEConfig, *, vocabulary_size: int, generator: torch.Generator
) -> MoleculeVAE:
    """Return a copy of a model with a larger vocabulary that does with known tokens what it did before.

    A new symbol starts as the mean of the known ones with a little noise: an average atom, which the decoder hardly
    ever writes until it has seen it. Known tokens lose only the small share of probability that new ones get.

    Raises:
        ValueError: `vocabulary_size` is smaller than that of the model.
    """
    if vocabulary_size < vae.vocabulary_size:
        raise ValueError(f"vocabulary_size must be at least {vae.vocabulary_size}, got {vocabulary_size}")
    larger = build_vae(config, vocabulary_size=vocabulary_size)
    known_state = vae.state_dict()
    for name, weight in larger.state_dict().items():
        known = known_state[name]
        weight[: len(known)] = known  # a weight of another shape has one row per token
        if len(weight) > len(known):
            symbols = known[len(SPECIAL_SYMBOLS) :]
            noise = torch.randn(weight[len(known) :].shape, generator=generator)
            spread = symbols.std(dim=0, correction=0)
            weight[len(known) :] = symbols.mean(dim=0) + _NOISE * spread * noise
    return larger
