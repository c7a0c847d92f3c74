from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from molvae.datasets.shards import TokenShard
from molvae.errors import ConfigError, MissingExtraError
from molvae.model.checkpoint import load_checkpoint
from molvae.model.config import VAEConfig
from molvae.training import TrainConfig, read_journal, train
from molvae.training.distributed import OneProcess, join_processes
from molvae.training.state import STATE_FILE


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def run_pair(launch: Callable[..., object], folder: Path, **options: object) -> list[dict[str, object]]:
    """Train in two processes as torchrun and accelerate would start them; return what both report."""
    port = free_port()
    processes = [
        launch(
            folder,
            environment={
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "2",
                "LOCAL_WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            },
            **options,
        )
        for rank in range(2)
    ]
    results = []
    try:
        for process in processes:
            output, errors = process.communicate(timeout=180)  # type: ignore[attr-defined]
            assert process.returncode == 0, errors  # type: ignore[attr-defined]
            results.append(json.loads(output))
    finally:
        for process in processes:
            process.kill()  # type: ignore[attr-defined]
    return results


def test_two_processes_train_one_model_and_resume_it(tmp_path: Path, launch: Callable[..., object]) -> None:
    pytest.importorskip("accelerate")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert [result["steps"] for result in run_pair(launch, whole)] == [24, 24]
    # One of the two is asked to stop: both do, after the same step.
    stopped = run_pair(launch, parts, signals={"8": int(signal.SIGTERM)})
    assert [(result["reason"], result["steps"]) for result in stopped] == [("interrupted", 8)] * 2
    run_pair(launch, parts, resume=True)
    left, right = load_file(whole / STATE_FILE), load_file(parts / STATE_FILE)
    assert all(torch.equal(left[key], right[key]) for key in left)
    steps = [record["step"] for record in read_journal(whole) if record["kind"] == "train"]
    assert steps == [5, 10, 15, 20], "only the first process writes"
    load_checkpoint(whole)


def test_one_process_is_the_group_of_one() -> None:
    processes = join_processes("cpu")
    assert isinstance(processes, OneProcess)
    value = torch.tensor([1.0, 2.0])
    assert processes.largest(value) is value
    (mean,) = processes.average([value])
    assert mean is value


def test_several_processes_without_accelerate_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(MissingExtraError, match=r"molvae\[train\]"):
        join_processes("cpu")


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigError, match="device"):
        join_processes("nonsense")


class FirstOfThree(OneProcess):
    world_size = 3


def test_a_batch_that_cannot_be_divided_among_the_processes_is_refused(
    tmp_path: Path,
    shard: TokenShard,
    vae_config: VAEConfig,
    train_config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("molvae.training.run.join_processes", lambda device: FirstOfThree(torch.device(device)))
    with pytest.raises(ConfigError, match="batch_size must be a multiple of the 3 processes"):
        train(shard, tmp_path / "run", vae_config=vae_config, train_config=train_config, device="cpu")
    assert not (tmp_path / "run").exists()
