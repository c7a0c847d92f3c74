from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from molvae.latent.network import Network, checked_points, resolve_device
from molvae.latent.space import LatentSpace
from molvae.model.generation import GREEDY, Sampling


@pytest.fixture
def network(space: LatentSpace) -> Network:
    """The trained network on one thread."""
    return space.pipeline.network


@pytest.fixture
def molecules(space: LatentSpace, corpus: list[str]) -> list[tuple[int, ...]]:
    """The corpus as tokens."""
    return [space.pipeline.codec.encode(smiles).tokens for smiles in corpus]


def test_a_posterior_does_not_depend_on_the_molecules_beside_it(
    network: Network, molecules: list[tuple[int, ...]]
) -> None:
    mean, log_var = network.posteriors(molecules)
    for row in (0, 31, 63):
        alone = network.posteriors([molecules[row]])
        np.testing.assert_array_equal(alone[0][0], mean[row])
        np.testing.assert_array_equal(alone[1][0], log_var[row])


def test_threads_change_no_posterior_and_no_molecule(network: Network, molecules: list[tuple[int, ...]]) -> None:
    threaded = dataclasses.replace(network, threads=3)
    mean, _ = network.posteriors(molecules)
    np.testing.assert_array_equal(threaded.posteriors(molecules)[0], mean)
    sampling = Sampling(temperature=1.0)
    assert threaded.sequences(mean, sampling, seed=5) == network.sequences(mean, sampling, seed=5)


def test_the_number_of_threads_of_torch_is_left_alone(network: Network, molecules: list[tuple[int, ...]]) -> None:
    before = torch.get_num_threads()
    dataclasses.replace(network, threads=2).posteriors(molecules)
    assert torch.get_num_threads() == before


def test_sampled_symbols_belong_to_the_row(network: Network, molecules: list[tuple[int, ...]]) -> None:
    mean, _ = network.posteriors(molecules)
    sampling = Sampling(temperature=1.5)
    whole = network.sequences(mean, sampling, seed=1)
    assert network.sequences(mean[40:], sampling, seed=1, rows=np.arange(40, len(mean))) == whole[40:]
    assert network.sequences(mean, sampling, seed=2) != whole


def test_a_sequence_that_does_not_end_is_empty(network: Network, molecules: list[tuple[int, ...]]) -> None:
    mean, _ = network.posteriors(molecules)
    whole = network.sequences(mean, GREEDY)
    limit = int(np.median([len(tokens) for tokens in whole]))
    cut = dataclasses.replace(network, max_symbols=limit).sequences(mean, GREEDY)
    assert cut == [tokens if len(tokens) < limit else [] for tokens in whole]
    assert [] in cut


def test_no_molecules_give_empty_arrays(network: Network) -> None:
    assert network.posteriors([])[0].shape == (0, 24)
    assert network.sequences(np.empty((0, 24), np.float32), GREEDY) == []
    assert list(network.n_best(np.empty((0, 24), np.float32), 3)) == []


def test_the_best_beam_is_at_least_as_likely_as_the_greedy_sequence(
    network: Network, molecules: list[tuple[int, ...]]
) -> None:
    mean, _ = network.posteriors(molecules[:8])
    for beams in network.n_best(mean, 4):
        scores = [score for _, score in beams]
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(tokens) for tokens, _ in beams}) == len(beams)


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.zeros((2, 5)), r"shape \(n, 4\), got \(2, 5\)"),
        (np.zeros(4), r"shape \(n, 4\), got \(4,\)"),
        (np.array([[0.0] * 4, [np.nan] * 4]), "row 1 is not"),
        (np.array([[0.0, 0.0, np.inf, 0.0]]), "row 0 is not"),
    ],
)
def test_points_that_cannot_be_decoded_are_named(z: NDArray[np.float64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_points(z, 4)


def test_double_precision_points_and_no_points_are_taken() -> None:
    assert checked_points(np.ones((3, 4)), 4).dtype == np.float32
    assert checked_points(np.empty((0, 4)), 4).shape == (0, 4)


def test_a_device_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'cpu', 'cuda' or 'auto'"):
        resolve_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="needs a GPU"):
            resolve_device("cuda")
        assert resolve_device("auto").type == "cpu"


def test_a_model_at_work_can_still_learn(space: LatentSpace) -> None:
    assert all(parameter.requires_grad for parameter in space.checkpoint.vae.parameters())
