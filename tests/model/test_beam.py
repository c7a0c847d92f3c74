"""Beam search with wide beams finds what enumeration finds."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from molvae.errors import ConfigError
from molvae.model import MoleculeVAE, VAEConfig, beam_search, build_vae, generate
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN


def test_wide_beams_find_the_most_likely_of_all_sequences() -> None:
    config = VAEConfig(embedding_dim=3, encoder_hidden_dim=3, latent_dim=2, decoder_hidden_dim=6)
    vae = build_vae(config, vocabulary_size=6, generator=torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        vae.decoder.to_logits.weight.mul_(4)
    z = torch.randn(3, 2, generator=torch.Generator().manual_seed(1))
    limit = 3
    found = beam_search(vae.decoder, z, beams=40, n_best=5, max_symbols=limit, precision="fp32")
    for i in range(len(z)):
        scores = {}
        for length in range(1, limit + 1):
            for row in itertools.product((3, 4, 5), repeat=length):
                logits = vae.decoder(z[i : i + 1], torch.tensor([[BOS_TOKEN], *([token] for token in row)]))[:, 0]
                logits[:, :2] = logits[0, EOS_TOKEN] = -torch.inf
                log_probs = logits.detach().log_softmax(dim=-1)
                score = sum(float(log_probs[step, token]) for step, token in enumerate(row))
                scores[row] = score + (float(log_probs[length, EOS_TOKEN]) if length < limit else 0.0)
        best = sorted(scores.items(), key=lambda item: -item[1])[:5]
        assert [tuple(int(t) for t in row if t) for row in found.tokens[i]] == [row for row, _ in best]
        assert found.log_prob[i].tolist() == pytest.approx([score for _, score in best], abs=1e-4)


def test_one_beam_is_never_worse_than_greedy(vae: MoleculeVAE, z: Tensor) -> None:
    greedy = generate(vae.decoder, z, max_symbols=10, precision="fp32")
    found = beam_search(vae.decoder, z, beams=1, max_symbols=10, precision="fp32")
    assert (found.log_prob[:, 0] >= greedy.log_prob - 1e-5).all()
    same = [
        [int(t) for t in row if t] == other for row, other in zip(found.tokens[:, 0], greedy.sequences(), strict=True)
    ]
    assert any(same)


def test_more_beams_never_find_less(vae: MoleculeVAE, z: Tensor) -> None:
    narrow = beam_search(vae.decoder, z, beams=4, n_best=4, max_symbols=10, precision="fp32").log_prob
    assert (narrow[:, :-1] >= narrow[:, 1:]).all()
    wide = beam_search(vae.decoder, z, beams=64, n_best=4, max_symbols=10, precision="fp32").log_prob
    assert (wide[:, 0] >= narrow[:, 0] - 1e-5).all()


def test_it_ends_though_the_model_never_does(vae: MoleculeVAE, z: Tensor) -> None:
    with torch.no_grad():
        vae.decoder.to_logits.bias[EOS_TOKEN] = -100
    found = beam_search(vae.decoder, z, beams=3, n_best=2, max_symbols=6)
    assert found.tokens.shape == (len(z), 2, 6)
    assert found.log_prob.isfinite().all()


def test_no_points_and_too_many_best(vae: MoleculeVAE) -> None:
    assert beam_search(vae.decoder, torch.zeros(0, 4)).tokens.shape[0] == 0
    with pytest.raises(ConfigError, match="n_best must be from 1 to beams = 2, got 3"):
        beam_search(vae.decoder, torch.zeros(1, 4), beams=2, n_best=3)
