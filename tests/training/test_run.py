from __future__ import annotations

import dataclasses
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from molvae.datasets.shards import TokenShard
from molvae.errors import ConfigError, DataError, InUseError, TrainingError
from molvae.model.checkpoint import load_checkpoint
from molvae.model.config import VAEConfig
from molvae.training import (
    Event,
    Progress,
    Saved,
    SkippedStep,
    Started,
    TrainConfig,
    Validation,
    read_journal,
    train,
)
from molvae.training.loop import MAX_SKIPPED_IN_A_ROW, Slice, TrainingLoop
from molvae.training.state import STATE_FILE

CLOCK = ("seconds", "molecules_per_second")


def records(folder: Path) -> list[dict[str, object]]:
    """Return the record of a run without what the clock says."""
    return [{key: value for key, value in record.items() if key not in CLOCK} for record in read_journal(folder)]


def same_weights(a: Path, b: Path, name: str = STATE_FILE) -> bool:
    left, right = load_file(a / name), load_file(b / name)
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


@pytest.fixture(autouse=True)
def no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these runs."""
    monkeypatch.setattr("molvae.training.run.draw_curves", lambda run_folder: run_folder)


Gradients = Callable[[TrainingLoop, Slice], list[torch.Tensor]]


class Interrupted(Exception):
    pass


def stop_after(step: int) -> Callable[[Event], None]:
    """Break a run off in the middle of the program, as a crash would, once `step` is saved."""

    def on_event(event: Event) -> None:
        if isinstance(event, Saved) and event.step == step:
            raise Interrupted

    return on_event


def test_a_run_learns_and_leaves_a_model_that_loads(tmp_path: Path, shard: TokenShard) -> None:
    config = TrainConfig(
        max_steps=150,
        batch_size=32,
        learning_rate=0.01,
        warmup_steps=10,
        beta=0.01,
        null_share=0.0,
        validate_every=50,
        precision="fp32",
    )
    sizes = VAEConfig(embedding_dim=16, encoder_hidden_dim=32, latent_dim=16, decoder_hidden_dim=64)
    events: list[Event] = []
    result = train(shard, tmp_path / "run", vae_config=sizes, train_config=config, on_event=events.append)
    validations = [event for event in events if isinstance(event, Validation)]
    assert isinstance(events[0], Started)
    assert validations[-1].loss < 0.8 * validations[0].loss
    assert validations[-1].token_accuracy > 0.5
    assert result.stop_reason == "finished"
    assert result.validation is not None
    shown = result._repr_html_()
    assert all(text in shown for text in ("finished", f"{result.validation.exact_reconstruction:.1%}"))
    assert (result.steps, result.molecules) == (150, 150 * 32)
    checkpoint = load_checkpoint(tmp_path / "run")
    assert checkpoint.vocabulary == shard.vocabulary
    assert checkpoint.default_prior == "gaussian"
    assert checkpoint.metadata["training"]["data_hash"] == shard.data_hash
    assert checkpoint.metadata["metrics"]["loss"] == min(validation.loss for validation in validations)
    assert result.validation is not None
    assert result.validation.step == result.best_step == checkpoint.metadata["training"]["steps"]


def test_training_is_reproducible(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    for name in ("a", "b"):
        train(shard, tmp_path / name, vae_config=vae_config, train_config=train_config)
    other = dataclasses.replace(train_config, seed=1)
    train(shard, tmp_path / "c", vae_config=vae_config, train_config=other)
    assert same_weights(tmp_path / "a", tmp_path / "b")
    assert records(tmp_path / "a") == records(tmp_path / "b")
    assert not same_weights(tmp_path / "a", tmp_path / "c")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("step", [0, 1, 7, 10, 23])
def test_a_run_broken_off_at_any_step_resumes_to_the_same_bits(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig, step: int, threads: int
) -> None:
    config = dataclasses.replace(train_config, threads=threads, batch_size=64)
    train(shard, tmp_path / "whole", vae_config=vae_config, train_config=config)
    if step:
        with pytest.raises(Interrupted):
            train(
                shard,
                tmp_path / "parts",
                vae_config=vae_config,
                train_config=config,
                on_event=stop_after(step),
            )
    result = train(shard, tmp_path / "parts", vae_config=vae_config, train_config=config, resume=True)
    assert result.steps == 24
    assert same_weights(tmp_path / "whole", tmp_path / "parts")
    assert same_weights(tmp_path / "whole", tmp_path / "parts", "weights.safetensors")
    assert records(tmp_path / "whole") == records(tmp_path / "parts")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_saved_and_goes_on(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig, number: signal.Signals
) -> None:
    config = dataclasses.replace(train_config, checkpoint_every_minutes=60)

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.step == 15:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    run = tmp_path / "run"
    result = train(shard, run, vae_config=vae_config, train_config=config, on_event=interrupt)
    assert (result.stop_reason, result.steps) == ("interrupted", 15)
    assert signal.getsignal(number) is before
    load_checkpoint(run)
    assert train(shard, run, vae_config=vae_config, train_config=config, resume=True).stop_reason == "finished"
    train(shard, tmp_path / "whole", vae_config=vae_config, train_config=config)
    assert same_weights(tmp_path / "whole", run)


def test_a_finished_run_has_nothing_left_to_do(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    first = train(shard, tmp_path, vae_config=vae_config, train_config=train_config)
    before = (tmp_path / STATE_FILE).read_bytes()
    events: list[Event] = []
    second = train(
        shard, tmp_path, vae_config=vae_config, train_config=train_config, resume=True, on_event=events.append
    )
    assert [type(event) for event in events] == [Started]
    assert (tmp_path / STATE_FILE).read_bytes() == before
    assert (second.stop_reason, second.steps, second.validation) == (first.stop_reason, 24, first.validation)


def test_a_resumed_run_may_go_on_longer(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    train(shard, tmp_path, vae_config=vae_config, train_config=train_config)
    longer = dataclasses.replace(train_config, max_steps=30)
    assert train(shard, tmp_path, vae_config=vae_config, train_config=longer, resume=True).steps == 30


def test_a_folder_in_use_is_not_overwritten(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    train(shard, tmp_path, vae_config=vae_config, train_config=train_config)
    with pytest.raises(ConfigError, match="resume it"):
        train(shard, tmp_path, vae_config=vae_config, train_config=train_config)
    other = dataclasses.replace(train_config, beta=0.5)
    with pytest.raises(ConfigError, match="beta"):
        train(shard, tmp_path, vae_config=vae_config, train_config=other, resume=True)
    wider = dataclasses.replace(vae_config, latent_dim=7)
    with pytest.raises(ConfigError, match="latent_dim"):
        train(shard, tmp_path, vae_config=wider, train_config=train_config, resume=True)
    (tmp_path / STATE_FILE).unlink()
    for resume in (False, True):
        with pytest.raises(ConfigError, match="holds a model"):
            train(shard, tmp_path, vae_config=vae_config, train_config=train_config, resume=resume)


def test_what_a_killed_save_left_behind_is_removed(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    (tmp_path / f".tmp-1-{STATE_FILE}").write_bytes(b"half a file")
    (tmp_path / ".tmp-1-data").mkdir()
    train(shard, tmp_path, vae_config=vae_config, train_config=dataclasses.replace(train_config, max_steps=1))
    assert [path.name for path in tmp_path.glob(".tmp-*")] == [".tmp-1-data"]


def test_a_run_is_not_resumed_on_other_molecules(
    tmp_path: Path, make_shard: object, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    assert callable(make_shard)
    train(make_shard("a"), tmp_path / "run", vae_config=vae_config, train_config=train_config)
    other = make_shard("b", seed=1)
    with pytest.raises(DataError, match="other molecules"):
        train(other, tmp_path / "run", vae_config=vae_config, train_config=train_config, resume=True)


def test_a_loss_that_is_never_finite_ends_the_run_with_its_place(
    tmp_path: Path,
    shard: TokenShard,
    vae_config: VAEConfig,
    train_config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def damage(event: Event) -> None:
        if isinstance(event, Saved) and event.step == 6:
            monkeypatch.setattr(TrainingLoop, "_gradients", spoil(TrainingLoop._gradients, position=2))

    with pytest.raises(TrainingError, match=r"the KL is not finite in epoch 0\.\d+, step 9, the 3rd in a row"):
        train(shard, tmp_path, vae_config=vae_config, train_config=train_config, on_event=damage)
    weights = load_file(tmp_path / STATE_FILE)
    assert all(bool(torch.isfinite(weight).all()) for weight in weights.values())
    monkeypatch.undo()
    train(shard, tmp_path, vae_config=vae_config, train_config=train_config, resume=True)


@pytest.mark.parametrize(("position", "term"), [(1, "reconstruction"), (2, "KL"), (7, "gradient")])
def test_a_step_that_is_not_finite_is_skipped_and_counted(
    tmp_path: Path,
    shard: TokenShard,
    vae_config: VAEConfig,
    train_config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
    position: int,
    term: str,
) -> None:
    healthy, spoiled = TrainingLoop._gradients, spoil(TrainingLoop._gradients, position=position)
    calls = iter(range(10**6))
    monkeypatch.setattr(
        TrainingLoop, "_gradients", lambda self, part: (spoiled if next(calls) in (3, 4, 9) else healthy)(self, part)
    )
    events: list[Event] = []
    result = train(shard, tmp_path, vae_config=vae_config, train_config=train_config, on_event=events.append)
    skipped = [event for event in events if isinstance(event, SkippedStep)]
    assert [(event.step, event.term) for event in skipped] == [(4, term), (5, term), (10, term)]
    assert MAX_SKIPPED_IN_A_ROW > 2
    assert (result.skipped_steps, result.stop_reason, result.steps) == (3, "finished", 24)
    assert all(bool(torch.isfinite(weight).all()) for weight in load_file(tmp_path / STATE_FILE).values())


def spoil(gradients: Gradients, *, position: int) -> Gradients:
    """Return `_gradients` with a NaN in one of its results: 0 loss, 1 reconstruction, 2 KL, then the weights."""

    def spoiled(self: TrainingLoop, part: Slice) -> list[torch.Tensor]:
        parts, *rest = gradients(self, part)
        if position < 3:
            parts[position] = parts[0] = float("nan")
        else:
            rest[position].view(-1)[0] = float("inf")
        return [parts, *rest]

    return spoiled


def test_no_progress_ends_the_run_early_and_keeps_the_best_model(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    config = dataclasses.replace(  # so large a rate that the loss soon rises
        train_config, max_steps=400, learning_rate=1.0, warmup_steps=300, patience=2, ema_decay=None
    )
    result = train(shard, tmp_path, vae_config=vae_config, train_config=config)
    assert result.stop_reason == "early stopping"
    assert result.best_step == result.steps - 2 * config.validate_every
    losses = {record["step"]: record["loss"] for record in read_journal(tmp_path) if record["kind"] == "validation"}
    assert losses[result.best_step] == min(losses.values())
    assert load_checkpoint(tmp_path).metadata["training"]["steps"] == result.best_step


def test_a_time_limit_ends_the_run_at_the_end_of_the_cosine(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    config = dataclasses.replace(
        train_config, max_steps=None, max_minutes=0.01, checkpoint_every_minutes=1, log_every=1, validate_every=10**6
    )
    events: list[Event] = []
    result = train(shard, tmp_path, vae_config=vae_config, train_config=config, on_event=events.append)
    progress = [event for event in events if isinstance(event, Progress)]
    assert result.stop_reason == "finished"
    assert result.seconds >= 0.6
    rates = [event.learning_rate for event in progress[config.warmup_steps :]]
    assert rates == sorted(rates, reverse=True)
    assert any(isinstance(event, Validation) for event in events), "the last model is always validated"


def test_ten_molecules_are_enough(tmp_path: Path, make_shard: object, vae_config: VAEConfig) -> None:
    assert callable(make_shard)
    for count, held_out in ((1, 0), (9, 0), (10, 1)):
        events: list[Event] = []
        folder = tmp_path / f"run-{count}"
        config = TrainConfig(max_steps=2, validate_every=1, log_every=1)
        train(
            make_shard(f"s{count}", count=count),
            folder,
            vae_config=vae_config,
            train_config=config,
            on_event=events.append,
        )
        assert isinstance(events[0], Started)
        assert events[0].validation_molecules == held_out
        load_checkpoint(folder)


def test_global_state_is_left_as_it_was(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    def state() -> tuple[object, ...]:
        return (
            torch.get_rng_state().tolist(),
            random.getstate(),
            str(np.random.get_state()),  # noqa: NPY002 - the global state is the point
            torch.get_num_threads(),
            torch.is_grad_enabled(),
        )

    before = state()
    train(shard, tmp_path, vae_config=vae_config, train_config=dataclasses.replace(train_config, threads=2))
    assert state() == before


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "meta"])
def test_a_device_that_is_not_there_is_refused(tmp_path: Path, shard: TokenShard, device: str) -> None:
    with pytest.raises(ConfigError, match="device"):
        train(shard, tmp_path / "run", device=device)
    assert not (tmp_path / "run").exists()


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_one_lives(
    tmp_path: Path, shard: TokenShard, vae_config: VAEConfig, train_config: TrainConfig
) -> None:
    run = tmp_path / "run"
    refused: list[bool] = []

    def meddle(event: Event) -> None:
        if isinstance(event, Saved) and not refused:
            before = (run / STATE_FILE).read_bytes()
            with pytest.raises(InUseError, match="run is being written by process"):
                train(shard, run, vae_config=vae_config, train_config=train_config, resume=True, device="cpu")
            refused.append((run / STATE_FILE).read_bytes() == before)

    train(shard, run, vae_config=vae_config, train_config=train_config, on_event=meddle, device="cpu")
    assert refused == [True]
    assert not (run / ".lock").exists()
