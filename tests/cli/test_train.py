"""`molvae train` and `finetune`: from a file to a model, resumed, interrupted, refused."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Molvae = Callable[..., Result]
Start = Callable[..., subprocess.Popen[str]]


def test_a_trained_folder_holds_a_model_and_can_be_looked_at(molvae: Molvae, model_folder: Path) -> None:
    assert {"weights.safetensors", "model.json", "metrics.jsonl"} <= {path.name for path in model_folder.iterdir()}
    about = json.loads(molvae("info", model_folder, "--json").stdout)
    assert about["latent_dim"] == 8
    assert "latent_dim" in molvae("info", model_folder).stdout


def test_the_last_line_for_machines_says_how_the_run_ended(molvae: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[train]\nbatch_size = 32\nmax_steps = 99\n[model]\nlatent_dim = 4\n")
    run = tmp_path / "run"
    result = molvae(
        "train", molecule_file, "-o", run, "--settings", settings, "--steps", "3", "--json", "--workers", "1"
    )
    ended = json.loads(result.stdout)
    assert (ended["stopped"], ended["steps"], ended["molecules"]) == ("finished", 3, 96)
    assert json.loads(molvae("info", run, "--json").stdout)["latent_dim"] == 4


def test_a_second_run_in_the_same_folder_is_refused_and_resume_goes_on(
    molvae: Molvae, molecule_file: Path, tiny: list[str], tmp_path: Path
) -> None:
    arguments = ["train", molecule_file, "-o", tmp_path / "run", "--batch-size", "32", *tiny]
    molvae(*arguments, "--steps", "2", "--resume")
    assert "resume" in molvae(*arguments, "--steps", "4", code=1).stderr
    result = molvae(*arguments, "--steps", "4", "--resume", "--json")
    assert json.loads(result.stdout)["steps"] == 4
    assert "resuming at step 2" in result.stderr


def test_ctrl_c_saves_says_how_to_go_on_and_exits_with_130(
    molvae: Molvae, start_molvae: Start, molecule_file: Path, tiny: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    arguments = ["train", molecule_file, "-o", run, "--batch-size", "32", "--seed", "1", *tiny]
    process = start_molvae(*arguments, "--steps", "1000000")
    assert process.stderr is not None
    for line in process.stderr:
        if "training" in line:  # the handlers of the loop are in place
            break
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert "--resume goes on from step" in stderr
    assert "Traceback" not in stderr
    assert "interrupted" in stdout
    molvae("sample", "-m", run, "-n", "2")


def test_fine_tuning_adds_the_symbols_of_new_molecules(molvae: Molvae, model_folder: Path, tmp_path: Path) -> None:
    series = tmp_path / "series.smi"
    series.write_text("".join(f"{'C' * n}[Si](C)(C)CCO\n" for n in range(1, 15)))
    before = json.loads(molvae("info", model_folder, "--json").stdout)["vocabulary"]
    run = tmp_path / "run"
    molvae("finetune", series, "-m", model_folder, "-o", run, "--steps", "2", "--workers", "1", "--threads", "1")
    assert json.loads(molvae("info", run, "--json").stdout)["vocabulary"] == before + 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.smi"], "nothing.smi cannot be read: No such file or directory"),
        (["wehi11k"], "did you mean 'wehi10k'?"),
        ([".", "--steps", "1"], "no token shard"),
    ],
)
def test_a_source_that_is_not_there_is_one_line(
    molvae: Molvae, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = molvae("train", *arguments, "-o", tmp_path / "run", code=1)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_file_of_refused_molecules_makes_no_model(molvae: Molvae, tmp_path: Path) -> None:
    bad = tmp_path / "bad.smi"
    bad.write_text("C1CC\nc1cccc1\n")
    result = molvae("train", bad, "-o", tmp_path / "run", "--workers", "1", code=1)
    assert "syntax 1" in result.stderr
    assert not (tmp_path / "run" / "model.json").exists()
