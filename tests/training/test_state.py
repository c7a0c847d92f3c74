from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from molvae.errors import CheckpointError
from molvae.model.config import VAEConfig
from molvae.model.vae import build_vae
from molvae.training.optimizer import Muon
from molvae.training.state import (
    Counters,
    TrainingState,
    WeightAverage,
    load_state,
    read_header,
    save_state,
    step_seed,
    trained_parameters,
)


def make_state(config: VAEConfig, *, seed: int = 0, decay: float | None = 0.9) -> TrainingState:
    vae = build_vae(config, vocabulary_size=9, generator=torch.Generator().manual_seed(seed))
    null_latents = torch.nn.Parameter(torch.full((2, config.latent_dim), float(seed)))
    named = trained_parameters(vae, null_latents)
    muon = None if decay is None else Muon(named)
    optimizer = torch.optim.AdamW(
        [parameter for name, parameter in named.items() if muon is None or name not in muon.matrices], fused=True
    )
    average = None if decay is None else WeightAverage(named.values(), decay)
    return TrainingState(vae, optimizer, average, muon, null_latents)


def step(state: TrainingState, number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    for parameter in state.parameters.values():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    state.optimizer.step()
    if state.muon is not None:
        state.muon.step(0.01, dtype=torch.float32)
    if state.average is not None:
        state.average.update(number)
    state.counters.step += 1


def same(a: TrainingState, b: TrainingState) -> bool:
    pairs = list(zip(a.parameters.values(), b.parameters.values(), strict=True))
    if a.average is not None and b.average is not None:
        pairs += zip(a.average.averages, b.average.averages, strict=True)  # type: ignore[arg-type]
    return a.counters == b.counters and all(torch.equal(left, right) for left, right in pairs)


@pytest.mark.parametrize("decay", [None, 0.9])
def test_a_loaded_state_goes_on_as_the_saved_one(tmp_path: Path, vae_config: VAEConfig, decay: float | None) -> None:
    state, other = make_state(vae_config, decay=decay), make_state(vae_config, seed=1, decay=decay)
    for number in range(3):
        step(state, number)
    state.counters.best_loss, state.counters.window_sums = 0.1 + 0.2, (1 / 3, 2.0)
    save_state(tmp_path / "state", state, {"name": "a"})
    load_state(tmp_path / "state", other)
    assert same(state, other)
    assert read_header(tmp_path / "state") == {"name": "a"}
    step(state, 3)
    step(other, 3)
    assert same(state, other)


def test_a_state_before_the_first_step_can_be_loaded(tmp_path: Path, vae_config: VAEConfig) -> None:
    state, other = make_state(vae_config), make_state(vae_config, seed=1)
    save_state(tmp_path / "state", state, {})
    load_state(tmp_path / "state", other)
    assert same(state, other)
    assert other.counters == Counters()


def test_the_average_follows_its_recurrence(vae_config: VAEConfig) -> None:
    state = make_state(vae_config, decay=0.5)
    assert state.average is not None
    weight = state.vae.decoder.to_hidden.weight
    expected = weight.detach().clone()
    for number in range(1, 5):
        step(state, number)
        decay = min(0.5, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * weight.detach()
    names = [name for name, _ in state.vae.named_parameters()]
    torch.testing.assert_close(state.average.averages[names.index("decoder.to_hidden.weight")], expected)


def test_evaluation_sees_the_average_and_leaves_the_weights_as_they_were(vae_config: VAEConfig) -> None:
    state = make_state(vae_config)
    state.vae.train()
    step(state, 1)
    assert state.average is not None
    before = [parameter.detach().clone() for parameter in state.vae.parameters()]
    with state.evaluated() as vae:
        assert not vae.training
        assert all(map(torch.equal, vae.parameters(), state.average.averages))
        assert not all(map(torch.equal, vae.parameters(), before))
    assert state.vae.training
    assert all(map(torch.equal, state.vae.parameters(), before))


@pytest.mark.parametrize("keep", [0, 7, 1_000])
def test_a_file_cut_short_is_named(tmp_path: Path, vae_config: VAEConfig, keep: int) -> None:
    path = tmp_path / "state"
    save_state(path, make_state(vae_config), {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=str(path)):
        load_state(path, make_state(vae_config))


def test_a_flipped_bit_changes_nothing_or_is_found(tmp_path: Path, vae_config: VAEConfig) -> None:
    path, state, other = tmp_path / "state", make_state(vae_config), make_state(vae_config, seed=1)
    step(state, 1)
    save_state(path, state, {})
    whole, chance = path.read_bytes(), random.Random(0)
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            load_state(path, other)
            read_header(path)
        except CheckpointError:
            continue
        assert same(state, other)
        assert other.counters == state.counters


def test_a_missing_file_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no run to resume"):
        read_header(tmp_path / "state")


def test_the_state_of_another_model_is_refused(tmp_path: Path, vae_config: VAEConfig) -> None:
    save_state(tmp_path / "state", make_state(vae_config), {})
    with pytest.raises(CheckpointError, match="shape"):
        load_state(tmp_path / "state", make_state(VAEConfig(latent_dim=3)))
    with pytest.raises(CheckpointError, match="another run"):
        load_state(tmp_path / "state", make_state(vae_config, decay=None))


def test_no_two_steps_processes_or_seeds_share_their_noise() -> None:
    seeds = {step_seed(seed, number, rank) for seed in range(4) for number in range(50) for rank in range(3)}
    assert len(seeds) == 4 * 50 * 3
