"""The sizes of the default architecture."""

from __future__ import annotations

from dataclasses import dataclass

from molvae.settings import require


@dataclass(frozen=True, slots=True)
class VAEConfig:
    """Sizes and dropout rates of a GRU VAE; `build_vae` turns them into parts."""

    embedding_dim: int = 64
    encoder_hidden_dim: int = 256  # per direction
    encoder_layers: int = 1
    latent_dim: int = 128
    decoder_hidden_dim: int = 512
    decoder_layers: int = 1
    embedding_dropout: float = 0.0  # share of embedding entries set to zero
    word_dropout: float = 0.0  # share of decoder inputs whose whole embedding is zero (Bowman et al., arXiv:1511.06349)

    def __post_init__(self) -> None:
        for name in ("embedding_dim", "encoder_hidden_dim", "latent_dim", "decoder_hidden_dim"):
            require(1 <= getattr(self, name) <= 4_096, name, "from 1 to 4,096", getattr(self, name))
        for name in ("encoder_layers", "decoder_layers"):
            require(1 <= getattr(self, name) <= 8, name, "from 1 to 8", getattr(self, name))
        for name in ("embedding_dropout", "word_dropout"):
            require(0 <= getattr(self, name) < 1, name, "at least 0 and below 1", getattr(self, name))
