"""The VAE: posterior, encoder, decoder, loss, priors, generation and the model file. torch and numpy only."""

from molvae.model.beam import NBest, beam_search
from molvae.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.decoder import GRUDecoder
from molvae.model.diagnostics import LatentUse, latent_use, shuffle_gap
from molvae.model.encoder import GRUEncoder
from molvae.model.generation import GREEDY, Generated, Sampling, generate
from molvae.model.likelihood import elbo, importance_weighted_bound
from molvae.model.loss import ElboTerms, elbo_terms
from molvae.model.posterior import DiagonalGaussian
from molvae.model.priors import FullGaussian, LatentPrior, StandardNormal
from molvae.model.stepper import DecoderWeights
from molvae.model.vae import MoleculeVAE, build_vae

__all__ = [
    "GREEDY",
    "Checkpoint",
    "DecoderWeights",
    "DiagonalGaussian",
    "ElboTerms",
    "FullGaussian",
    "GRUDecoder",
    "GRUEncoder",
    "Generated",
    "LatentPrior",
    "LatentUse",
    "MoleculeVAE",
    "NBest",
    "Sampling",
    "StandardNormal",
    "VAEConfig",
    "beam_search",
    "build_vae",
    "elbo",
    "elbo_terms",
    "generate",
    "importance_weighted_bound",
    "latent_use",
    "load_checkpoint",
    "save_checkpoint",
    "shuffle_gap",
]
