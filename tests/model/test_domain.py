from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from molvae.chem.settings import DEFAULT_STANDARDIZATION
from molvae.errors import CheckpointError
from molvae.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.domain import NEIGHBORS, Domain, domain_shapes, nearest_distance, share_as_strange
from molvae.model.vae import build_vae
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary

D = 6


def molecules(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Posterior means and nats per symbol of molecules that are alike."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, D, generator=generator), torch.randn(n, generator=generator) ** 2


@pytest.fixture(scope="module")
def domain() -> Domain:
    mean, _ = molecules(800, 0)
    return Domain.fit(mean, torch.full_like(mean, -4.0), *molecules(400, 1))


def test_of_molecules_like_the_known_ones_a_tenth_scores_below_a_tenth(domain: Domain) -> None:
    score = domain.score(*molecules(4_000, 2))
    for share in (0.05, 0.1, 0.5):
        assert abs(np.mean(score <= share) - share) < 0.05  # four standard deviations, mostly of the 400


def test_each_measure_alone_can_make_a_molecule_strange(domain: Domain) -> None:
    z, nats = molecules(50, 3)
    assert (domain.score(z, nats + 1_000) == 1 / 401).all()
    assert (domain.score(z + 100, nats) == 1 / 401).all()
    mean, _ = molecules(800, 0)
    hole = Domain.fit(
        torch.cat([mean + 20, mean - 20]), torch.zeros(1_600, D), torch.cat([mean[:50] + 20]), torch.ones(50)
    )
    assert (
        hole.score(torch.zeros(1, D), torch.ones(1))[0] == 1 / 51
    )  # between two clusters: only its neighbours are far


def test_a_molecule_has_one_score_alone_and_among_others(domain: Domain) -> None:
    z, nats = molecules(300, 4)
    alone = [domain.score(z[i : i + 1], nats[i : i + 1])[0] for i in range(0, 300, 37)]
    np.testing.assert_array_equal(domain.score(z, nats)[::37], alone)


def test_nearest_distances_agree_with_sorting_all_of_them() -> None:
    points, known = molecules(30, 5)[0].double(), molecules(90, 6)[0].double()
    expected = (points[:, None] - known).norm(dim=-1).sort(dim=1).values[:, :NEIGHBORS].mean(dim=1)
    torch.testing.assert_close(nearest_distance(points, known), expected)
    apart = (known[:, None] - known).norm(dim=-1).sort(dim=1).values[:, 1 : NEIGHBORS + 1].mean(dim=1)
    torch.testing.assert_close(nearest_distance(known, known, leave_out_self=True), apart)
    assert nearest_distance(points[:1], points[:1], leave_out_self=True).tolist() == [0.0]


def test_a_share_counts_itself_and_ties() -> None:
    reference = np.array([0.0, 1.0, 1.0, 2.0])
    assert share_as_strange(np.array([1.0, 2.1, -1.0]), reference).tolist() == [0.8, 0.2, 1.0]


@pytest.fixture
def checkpoint(domain: Domain) -> Checkpoint:
    config = VAEConfig(embedding_dim=4, encoder_hidden_dim=8, latent_dim=D, decoder_hidden_dim=8)
    vocabulary = Vocabulary.from_symbols(["[C]", "[O]"])
    vae = build_vae(config, vocabulary_size=len(vocabulary))
    return Checkpoint(vae, config, vocabulary, DEFAULT_CONSTRAINTS, DEFAULT_STANDARDIZATION, domain=domain)


def test_a_model_file_keeps_it_to_the_last_bit(checkpoint: Checkpoint, domain: Domain, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint)
    found = load_checkpoint(tmp_path).domain
    assert found is not None
    for name, tensor in domain.tensors().items():
        torch.testing.assert_close(found.tensors()[name], tensor, rtol=0, atol=0)
    np.testing.assert_array_equal(found.score(*molecules(100, 7)), domain.score(*molecules(100, 7)))
    save_checkpoint(tmp_path, replace(checkpoint, domain=None))
    assert load_checkpoint(tmp_path).domain is None


def test_numbers_that_are_no_domain_are_refused(checkpoint: Checkpoint, domain: Domain, tmp_path: Path) -> None:
    falling = {**domain.tensors(), "reference": domain.reference.flip(0)}
    object.__setattr__(domain, "tensors", lambda: falling)
    try:
        save_checkpoint(tmp_path, checkpoint)
    finally:
        object.__delattr__(domain, "tensors")
    with pytest.raises(CheckpointError, match="rising"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "sizes",
    [
        None,
        [],
        {"points": 3},
        {"points": 0, "reference": 4},
        {"points": 10**9, "reference": 4},
        {"points": True, "reference": 4},
    ],
)
def test_sizes_out_of_range_are_refused_before_memory_is_taken(sizes: object) -> None:
    with pytest.raises(CheckpointError, match="domain"):
        domain_shapes(D, sizes)


def test_too_few_molecules_make_no_domain() -> None:
    mean, nats = molecules(3, 0)
    with pytest.raises(ValueError, match="at least 4 held-out"):
        Domain.fit(mean, mean, mean, nats)
