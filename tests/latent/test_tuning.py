"""A decoder tuned to molecules writes them more readily, and the model that it came from stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from molvae.latent.network import Network, pad
from molvae.latent.space import LatentSpace
from molvae.latent.tuning import tuned_to
from molvae.model.loss import token_nll
from molvae.model.null_latent import NullLatent


@pytest.fixture
def writing(writing_model: Path) -> LatentSpace:
    return LatentSpace.load(writing_model, threads=1, workers=1)


def nats(network: Network, molecules: list[tuple[int, ...]], point: torch.Tensor) -> float:
    """Return the mean of -log p(x | null)."""
    tokens, _ = pad(molecules)
    with torch.no_grad():
        logits = network.vae.decoder(point.expand(len(molecules), -1), tokens[:-1])
    return float(token_nll(logits, tokens[1:]).mean())


def test_what_was_read_is_written_more_readily(writing: LatentSpace, corpus: list[str]) -> None:
    network, prior = writing.pipeline.network, writing.prior()
    assert isinstance(prior, NullLatent)
    before = {name: weight.clone() for name, weight in network.vae.state_dict().items()}
    molecules = [writing.pipeline.codec.encode(smiles).tokens for smiles in corpus]
    read, unread = molecules[:6], molecules[6:]
    tuned = tuned_to(network, read, prior.points[0], steps=12)
    assert nats(tuned, read, prior.points[0]) < nats(network, read, prior.points[0]) - 1
    gain = nats(network, unread, prior.points[0]) - nats(tuned, unread, prior.points[0])
    assert gain < nats(network, read, prior.points[0]) - nats(tuned, read, prior.points[0])
    assert all(torch.equal(weight, before[name]) for name, weight in network.vae.state_dict().items())
    assert not any(weight.requires_grad and weight.grad is not None for weight in network.vae.parameters())


def test_the_same_is_learned_from_the_same(writing: LatentSpace, corpus: list[str]) -> None:
    network, prior = writing.pipeline.network, writing.prior()
    assert isinstance(prior, NullLatent)
    molecules = [writing.pipeline.codec.encode(smiles).tokens for smiles in corpus[:9]]
    torch_threads = torch.get_num_threads()
    first, second, other = (
        tuned_to(network, molecules, prior.points[0], steps=3, seed=seed).vae.decoder.state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
    assert torch.get_num_threads() == torch_threads
