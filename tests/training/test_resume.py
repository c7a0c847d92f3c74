"""Runs in processes of their own: killed, interrupted, and without chemistry."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from molvae.training import read_journal
from molvae.training.state import STATE_FILE

# Modules that a GPU node need not have.
ABSENT = ("rdkit", "selfies", "pandas", "sklearn", "tqdm", "click", "pydantic", "joblib", "scipy")
OPTIONAL = ("accelerate", "tensorboard", "matplotlib")
BLOCK = f"""
import sys

for name in {(*ABSENT, *OPTIONAL)!r}:
    sys.modules[name] = None  # import raises ImportError
"""


def finish(process: object) -> dict[str, object]:
    output, errors = process.communicate(timeout=120)  # type: ignore[attr-defined]
    assert process.returncode == 0, errors  # type: ignore[attr-defined]
    result: dict[str, object] = json.loads(output)
    return result


def same_weights(a: Path, b: Path, name: str) -> bool:
    left, right = load_file(a / name), load_file(b / name)
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def records(folder: Path) -> list[dict[str, object]]:
    clock = ("seconds", "molecules_per_second")
    return [{key: value for key, value in record.items() if key not in clock} for record in read_journal(folder)]


def test_a_killed_run_resumes_to_the_same_bits(tmp_path: Path, launch: Callable[..., object]) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(launch(whole))
    for number, step in enumerate((4, 13, 20)):
        process = launch(killed, resume=number > 0, signals={str(step): int(signal.SIGKILL)})
        process.communicate(timeout=120)  # type: ignore[attr-defined]
        assert process.returncode == -signal.SIGKILL  # type: ignore[attr-defined]
    assert finish(launch(killed, resume=True))["steps"] == 24
    for name in (STATE_FILE, "weights.safetensors"):
        assert same_weights(whole, killed, name)
    assert records(whole) == records(killed)


def test_a_kill_from_outside_at_any_moment_can_be_resumed(tmp_path: Path, launch: Callable[..., object]) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(launch(whole))
    process = launch(killed)
    deadline = time.monotonic() + 60
    while not read_journal(killed) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()  # type: ignore[attr-defined]
    process.communicate(timeout=60)  # type: ignore[attr-defined]
    finish(launch(killed, resume=True))
    assert same_weights(whole, killed, STATE_FILE)
    assert not list(killed.glob("*.tmp*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program_in_order(
    tmp_path: Path, launch: Callable[..., object], number: signal.Signals
) -> None:
    result = finish(launch(tmp_path / "run", signals={"6": int(number)}))
    assert (result["reason"], result["steps"]) == ("interrupted", 6)
    assert finish(launch(tmp_path / "run", resume=True))["reason"] == "finished"


def test_training_needs_no_chemistry_and_no_extra(tmp_path: Path, launch: Callable[..., object]) -> None:
    result = finish(launch(tmp_path / "run", prelude=BLOCK))
    assert result["reason"] == "finished"
    assert not (tmp_path / "run" / "curves.png").exists()


def test_one_process_does_not_load_accelerate(tmp_path: Path, launch: Callable[..., object]) -> None:
    modules = finish(launch(tmp_path / "run"))["modules"]
    assert isinstance(modules, list)
    assert not {"accelerate", "tensorboard", "rdkit", "selfies", "click", "pandas", "sklearn"} & set(modules)
