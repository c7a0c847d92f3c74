"""A model that writes molecules without z: sampling from it, and teaching it a set of molecules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from molvae.latent.network import pad
from molvae.latent.prior_fitting import fit_null_latent
from molvae.latent.space import LatentSpace
from molvae.model.loss import token_nll
from molvae.model.null_latent import NullLatent


@pytest.fixture
def writing(writing_model: Path) -> LatentSpace:
    return LatentSpace.load(writing_model, threads=1, workers=1)


def cost(space: LatentSpace, prior: NullLatent, molecules: list[tuple[int, ...]]) -> float:
    """Return -log p(x | null) in nats per molecule."""
    tokens, _ = pad(molecules)
    with torch.no_grad():
        logits = space.checkpoint.vae.decoder(prior.points.expand(len(molecules), -1), tokens[:-1])
    return float(token_nll(logits, tokens[1:]).mean())


def encoded(space: LatentSpace, smiles: list[str]) -> list[tuple[int, ...]]:
    return [tuple(space.pipeline.codec.encode(each).tokens) for each in smiles]


def test_samples_are_drawn_symbol_by_symbol(writing: LatentSpace) -> None:
    samples = writing.sample(40, seed=1)
    assert len(set(samples)) > 10
    assert writing.sample(60, seed=1)[:40] == samples != writing.sample(40, seed=2)
    assert len(set(writing.sample(5, seed=1, temperature=0))) == 1  # the point says nothing


def test_latent_draws_belong_to_molecules_that_the_model_writes(writing: LatentSpace) -> None:
    z = writing.sample_latent(30, seed=3)
    assert z.shape == (30, writing.latent_dim)
    np.testing.assert_array_equal(writing.sample_latent(20, seed=3), z[:20])
    written = writing.encode(writing.sample(90, seed=3))
    known = written[written.ok].mean[:30]  # a tiny model also writes what it would refuse to read
    own = np.linalg.norm(z - known, axis=1)
    other = np.linalg.norm(z - np.roll(known, 1, axis=0), axis=1)
    assert np.median(own) < np.median(other)


def test_a_fitted_prior_writes_its_molecules_better(writing: LatentSpace, corpus: list[str], tmp_path: Path) -> None:
    few = encoded(writing, corpus[:12])
    before = writing.prior()
    assert isinstance(before, NullLatent)
    fitted = writing.fit_prior(corpus[:12], name="few")
    assert isinstance(fitted, NullLatent)
    assert cost(writing, fitted, few) < cost(writing, before, few) - 0.5
    writing.save(tmp_path / "saved")
    again = LatentSpace.load(tmp_path / "saved", threads=1, workers=1)
    assert again.sample(5, seed=0, prior="few") == writing.sample(5, seed=0, prior="few")
    repeated = fit_null_latent(writing.pipeline.network, few, starts=before.points)
    assert torch.equal(repeated.points, fit_null_latent(writing.pipeline.network, few, starts=before.points).points)


def test_the_search_begins_at_the_best_point(writing: LatentSpace, corpus: list[str]) -> None:
    few = encoded(writing, corpus[:4])
    before = writing.prior()
    assert isinstance(before, NullLatent)
    far = torch.full_like(before.points, 30.0)
    one, two = (
        fit_null_latent(writing.pipeline.network, few, starts=starts)
        for starts in (before.points, torch.cat([far, before.points]))
    )
    assert torch.equal(one.points, two.points)


def test_a_gaussian_can_still_be_asked_for(writing: LatentSpace, space: LatentSpace, corpus: list[str]) -> None:
    assert writing.fit_prior(corpus, name="moments", method="gaussian").kind == "full-gaussian"
    with pytest.raises(ValueError, match="method must be 'gaussian': this model was trained without null latents"):
        space.fit_prior(corpus, method="unconditional")
    with pytest.raises(ValueError, match="at least 2 molecules, got 1"):
        writing.fit_prior([corpus[0], "C1CC"])
