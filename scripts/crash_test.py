"""Kill training, encoding, searching and preparing at random moments, go on, and compare with what was never killed.

    python scripts/crash_test.py --kills 50

Each job is done once without a kill. Then it is begun again and again, gets SIGKILL after a random part of that time,
and goes on from what it finds, up to six kills in a row; what stands at the end must be the same: bit for bit for the
weights and states of training (on a CPU), byte for byte for vectors, shards and tables of refused rows, call for call
for a journal. After each kill what is there must be whole or absent, and no call that the journal holds may be made
again. Jobs run in forks of a process that has imported everything, so that kills meet the work and not the imports.
Exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import torch
from safetensors.torch import load_file

import molvae
from molvae.chem.embedded import embedded_path
from molvae.datasets import TokenShard, prepare, read_rows
from molvae.errors import MolvaeError
from molvae.model import VAEConfig, load_checkpoint
from molvae.model.checkpoint import CARD, WEIGHTS
from molvae.optimize.folder import JOURNAL
from molvae.optimize.journal import read_journal as read_calls
from molvae.training import TrainConfig, read_journal, train
from molvae.training.state import STATE_FILE

KILLS_IN_A_ROW = 6
_CLOCK = ("seconds", "molecules_per_second")


@dataclass(frozen=True)
class Job:
    """Something that a kill may meet."""

    name: str
    run: Callable[[Path], object]  # do it, or go on with it, in a folder
    result: Callable[[Path], object]  # what must be the same at the end
    check: Callable[[Path], str]  # after a kill: what is wrong with what is there, '' for nothing
    ended: Callable[[Path], str]  # at the end


def train_job(scratch: Path) -> Job:
    """Return the training of a small model that is saved all the time."""
    shard = prepare(embedded_path("CHEMBL2321810.smi"), scratch / "train-shard", workers=1)
    config = TrainConfig(
        max_steps=150, batch_size=16, validation_size=32, validate_every=50, log_every=5, precision="fp32", threads=1,
        checkpoint_every_minutes=1e-4, ema_decay=0.99, null_share=0.2,
    )  # fmt: skip
    sizes = VAEConfig(embedding_dim=8, encoder_hidden_dim=16, latent_dim=8, decoder_hidden_dim=32, word_dropout=0.1)

    def run(folder: Path) -> object:
        opened = TokenShard.open(shard.path)
        return train(opened, folder, vae_config=sizes, train_config=config, resume=True, device="cpu")

    def result(folder: Path) -> object:
        tensors = {
            f"{name} {key}": tensor.numpy().tobytes()
            for name in (STATE_FILE, WEIGHTS)
            for key, tensor in sorted(load_file(folder / name).items())
        }
        return tensors, [{k: v for k, v in row.items() if k not in _CLOCK} for row in read_journal(folder)]

    def check(folder: Path) -> str:
        return _loads(lambda: load_checkpoint(folder)) if (folder / CARD).exists() else ""

    return Job("train", run, result, check, lambda folder: _leftovers(folder))


def encode_job(scratch: Path) -> Job:
    """Return the encoding of a file with refused rows in it."""
    space = molvae.load(threads=1, workers=1)
    rows = list(read_rows(embedded_path("first_5K.smi")))[:1_500]
    source = scratch / "encode.smi"
    source.write_text("".join(f"{row.smiles} {number}\n" for number, row in enumerate(rows)), encoding="utf-8")

    def run(folder: Path) -> object:
        return space.encode_file(source, folder / "out.npz", rejected=folder / "refused.csv", part_rows=100)

    def result(folder: Path) -> object:
        return [(folder / name).read_bytes() for name in ("out.npz", "refused.csv")]

    def check(folder: Path) -> str:
        if (folder / "refused.csv").exists() and not (folder / "out.npz").exists():
            return "refused rows without vectors"
        return ""

    return Job("encode FILE", run, result, check, lambda folder: _leftovers(folder))


def prepare_job(scratch: Path) -> Job:
    """Return the preparation of a file with refused rows and duplicates in it."""
    rows = list(read_rows(embedded_path("first_5K.smi")))[:2_500]
    source = scratch / "prepare.smi"
    source.write_text("".join(f"{row.smiles} {number}\n" for number, row in enumerate(rows)), encoding="utf-8")

    def run(folder: Path) -> object:
        return prepare(source, folder / "shard", rejected=folder / "refused.csv", part_rows=100, workers=1)

    def result(folder: Path) -> object:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return [(str(path.relative_to(folder)), path.read_bytes()) for path in files]

    def check(folder: Path) -> str:
        shard = folder / "shard"
        return _loads(lambda: TokenShard.open(shard, verify=True)) if shard.exists() else ""

    return Job("data prepare", run, result, check, lambda folder: _leftovers(folder))


def optimize_job(scratch: Path) -> Job:
    """Return a search whose objective writes down each molecule that it is asked for."""
    start = [str(row.smiles) for row in read_rows(embedded_path("wehi_mols.csv"), header=False)][:200]

    def run(folder: Path) -> object:
        folder.mkdir(exist_ok=True)

        def score(smiles: list[str]) -> list[float]:
            with (folder / "asked.txt").open("a", encoding="utf-8") as stream:
                stream.write("".join(f"{one}\n" for one in smiles))
            time.sleep(0.002 * len(smiles))  # a function that takes its time
            return [sum(map(ord, one)) % 101 / 101 for one in smiles]

        return molvae.optimize(
            score, strategy="graph-ga", budget=300, start=start, library=start, folder=folder, resume=True, seed=3
        )

    def journal(folder: Path) -> list[str]:
        return [call.smiles for call in read_calls(folder / JOURNAL)] if (folder / JOURNAL).exists() else []

    def check(folder: Path) -> str:
        """Note what the journal holds now and how much had been asked, for `ended`."""
        asked = (folder / "asked.txt").read_text().splitlines() if (folder / "asked.txt").exists() else []
        with (folder / "kills.txt").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([len(asked), journal(folder)]) + "\n")
        return ""

    def ended(folder: Path) -> str:
        asked = (folder / "asked.txt").read_text().splitlines()
        notes = (folder / "kills.txt").read_text().splitlines() if (folder / "kills.txt").exists() else []
        repeated = sum(len(set(asked[count:]) & set(known)) for count, known in map(json.loads, notes))
        doubled = len(journal(folder)) - len(set(journal(folder)))
        return f"{repeated} calls repeated, {doubled} doubled" if repeated or doubled else ""

    def result(folder: Path) -> object:
        return [(call.number, call.smiles, call.score, call.arm) for call in read_calls(folder / JOURNAL)]

    return Job("optimize", run, result, check, ended)


def _loads(load: Callable[[], object]) -> str:
    try:
        load()
    except MolvaeError as err:
        return str(err)
    return ""


def _leftovers(folder: Path) -> str:
    left = [path.name for path in folder.rglob(".*")]
    return f"left behind: {', '.join(left)}" if left else ""


def attempt(job: Job, folder: Path, seconds: float | None) -> int:
    """Run a job in a fork and kill it after `seconds`; return how it ended, as `subprocess` counts."""
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sys.stderr = open(folder.with_suffix(".log"), "a", encoding="utf-8")  # noqa: SIM115 - until the end
            job.run(folder)
            code = 0
        finally:
            if code:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if until is not None and time.monotonic() >= until:
            os.kill(child, signal.SIGKILL)
            until = None
        time.sleep(0.002)


def crash(job: Job, scratch: Path, kills: int, chance: random.Random) -> bool:
    """Kill a job so often, print its row of the table, and return whether everything was as it must be."""
    began = time.monotonic()
    whole, wrong = scratch / job.name / "whole", []
    if attempt(job, whole, None) != 0:
        print((whole.with_suffix(".log")).read_text())
        return False
    seconds = time.monotonic() - began
    expected = job.result(whole)
    done = runs = 0
    while done < kills:
        folder = scratch / job.name / f"killed-{runs}"
        runs += 1
        for row in range(KILLS_IN_A_ROW + 1):
            last = row == KILLS_IN_A_ROW or done == kills
            code = attempt(job, folder, None if last else chance.uniform(0, 0.7 * seconds))
            if code != -signal.SIGKILL:
                break
            done += 1
            wrong += [f"{folder.name}, kill {row + 1}: {text}" for text in [job.check(folder)] if text]
        if code != 0:
            wrong.append(f"{folder.name} did not go on: {folder.with_suffix('.log').read_text()[-500:]}")
        elif job.result(folder) != expected:
            wrong.append(f"{folder.name} ended with another result")
        elif text := job.ended(folder):
            wrong.append(f"{folder.name}: {text}")
    print(f"{job.name:<14} {done:>6} {runs:>6} {runs - len(wrong):>6} {seconds:>12.1f}", flush=True)
    for text in wrong:
        print(f"  {text}")
    return not wrong


def main(arguments: Iterable[str] | None = None) -> None:
    """Kill each job its share of times and print a table."""
    jobs = {"train": train_job, "encode": encode_job, "optimize": optimize_job, "prepare": prepare_job}
    parser = argparse.ArgumentParser(description="Kill jobs at random moments and compare what they end with.")
    parser.add_argument("--kills", type=int, default=50, help="Altogether.")
    parser.add_argument("--jobs", nargs="+", choices=list(jobs), default=list(jobs))
    parser.add_argument("--seed", type=int, default=0, help="Of the moments.")
    given = parser.parse_args(None if arguments is None else list(arguments))
    torch.set_num_threads(1)
    print(f"{'job':<14} {'kills':>6} {'runs':>6} {'equal':>6} {'s unkilled':>12}")
    with tempfile.TemporaryDirectory(prefix="molvae-crash-") as scratch:
        made = [jobs[name](Path(scratch)) for name in given.jobs]
        chance = random.Random(given.seed)
        shares = [given.kills // len(made) + (index < given.kills % len(made)) for index in range(len(made))]
        fine = [crash(job, Path(scratch), share, chance) for job, share in zip(made, shares, strict=True)]
    print("all results are those of the runs that were never killed" if all(fine) else "something differs, see above")
    sys.exit(not all(fine))


if __name__ == "__main__":
    main()
