"""The variational autoencoder: encoder and decoder, built outside and passed in."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from molvae.model.config import VAEConfig
from molvae.model.decoder import GRUDecoder
from molvae.model.encoder import GRUEncoder
from molvae.model.loss import ElboTerms, elbo_terms, token_nll
from molvae.model.posterior import DiagonalGaussian


class MoleculeVAE(nn.Module):
    """q(z | x) and p(x | z) over token sequences."""

    def __init__(self, encoder: GRUEncoder, decoder: GRUDecoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    @property
    def latent_dim(self) -> int:
        return self.decoder.latent_dim

    @property
    def vocabulary_size(self) -> int:
        return self.decoder.vocabulary_size

    @property
    def device(self) -> torch.device:
        return self.decoder.to_logits.weight.device

    def encode(self, tokens: Tensor, lengths: Tensor) -> DiagonalGaussian:
        """Return q(z | x) of time-major `tokens` (T, B); `lengths` (B,) count begin and end, not padding."""
        posterior: DiagonalGaussian = self.encoder(tokens, lengths)
        return posterior

    def forward(
        self,
        tokens: Tensor,
        lengths: Tensor,
        *,
        generator: torch.Generator | None = None,
        null_latents: Tensor | None = None,
    ) -> ElboTerms:
        """Return the ELBO terms of `tokens` (T, B) at one reparameterized z per molecule.

        With `null_latents` (N, D), the last N molecules are not encoded: the decoder writes them from these points,
        which say nothing about them, and so learns to write molecules unconditionally as well (as in classifier-free
        guidance, Ho & Salimans, arXiv:2207.12598).
        """
        coded = tokens.shape[1] - (0 if null_latents is None else len(null_latents))
        posterior = self.encoder(tokens[:, :coded], lengths[:coded], generator=generator)
        z = posterior.rsample(generator)
        if null_latents is not None:
            z = torch.cat([z, null_latents])
        logits = self.decoder(z, tokens[:-1], generator=generator)
        if null_latents is None:
            return elbo_terms(logits, tokens[1:], posterior)
        terms = elbo_terms(logits[:, :coded], tokens[1:, :coded], posterior)
        return terms._replace(unconditional=token_nll(logits[:, coded:], tokens[1:, coded:]))


def build_vae(config: VAEConfig, *, vocabulary_size: int, generator: torch.Generator | None = None) -> MoleculeVAE:
    """Assemble the default architecture with fresh weights; every part can also be built by hand.

    Args:
        config: sizes and dropout rates.
        vocabulary_size: V, specials included.
        generator: draws the first weights; None draws from a generator seeded with 0, never from the global state.
    """
    vae = empty_vae(config, vocabulary_size=vocabulary_size).to_empty(device="cpu")
    initialize(vae, generator if generator is not None else torch.Generator().manual_seed(0))
    return vae


def empty_vae(config: VAEConfig, *, vocabulary_size: int) -> MoleculeVAE:
    """Assemble the default architecture without memory for its weights (on torch's meta device)."""
    with torch.device("meta"):  # so that torch's own initialization draws nothing
        encoder = GRUEncoder(
            vocabulary_size=vocabulary_size,
            embedding_dim=config.embedding_dim,
            hidden_dim=config.encoder_hidden_dim,
            latent_dim=config.latent_dim,
            layers=config.encoder_layers,
            embedding_dropout=config.embedding_dropout,
        )
        decoder = GRUDecoder(
            vocabulary_size=vocabulary_size,
            embedding_dim=config.embedding_dim,
            hidden_dim=config.decoder_hidden_dim,
            latent_dim=config.latent_dim,
            layers=config.decoder_layers,
            embedding_dropout=config.embedding_dropout,
            word_dropout=config.word_dropout,
        )
    return MoleculeVAE(encoder, decoder)


@torch.no_grad()
def initialize(vae: MoleculeVAE, generator: torch.Generator) -> None:
    """Draw first weights: orthogonal recurrent blocks (Saxe et al., arXiv:1312.6120), Glorot elsewhere, zero biases."""
    for name, weight in vae.named_parameters():
        if "bias" in name:
            weight.zero_()
        elif "weight_hh" in name:
            for block in weight.chunk(3):
                nn.init.orthogonal_(block, generator=generator)
        elif "embedding" in name:
            weight.normal_(0, 1 / math.sqrt(weight.shape[1]), generator=generator)
            weight[0] = 0  # padding
        else:
            nn.init.xavier_uniform_(weight, generator=generator)
