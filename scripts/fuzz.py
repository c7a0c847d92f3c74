"""Throw damaged and hostile input at everything that reads something from outside, and print what became of it.

    python scripts/fuzz.py --minutes 5
    python scripts/fuzz.py --target checkpoint --inputs 10000
    python scripts/fuzz.py --target smiles --first 4711 --inputs 1      # one input again

Each target turns the number of an input into that input, the same in every run, and reads it: it must be taken, or
refused with the error of molvae that belongs there. The readers work in a child process, which the kernel ends if an
input takes more than 5 s of processor time or 120 s in all, and which may not grow by more than 1 GB. Whatever kills it
is a finding like any other exception, and the next child goes on with the next input. Exit code 1 if there was one.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: threads of OpenMP do not survive the fork of a child
sys.path.insert(0, str(Path(__file__).parents[1]))
from scripts.fuzz_targets import Stock, Target, all_targets

SECONDS, WAITING, GIGABYTE = 5, 120, 1 << 30
_BOARD = struct.Struct("<6q")  # next input, taken, refused, findings, slowest in µs, growth of the memory in bytes


@dataclass(frozen=True)
class Row:
    """What became of the inputs of one target."""

    inputs: int
    taken: int
    refused: int
    findings: int
    slowest: float  # seconds of processor time
    growth: int  # bytes


def inputs_of(name: str, target: Target, stock: Stock, board: mmap.mmap, end: int, until: float, folder: Path) -> None:
    """Read inputs, in this process, up to the number `end` or the time `until`, and keep the score on `board`."""
    warnings.simplefilter("ignore")
    number, taken, refused, findings, slowest, growth = _BOARD.unpack(board[:])
    at_rest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    while number < end and time.monotonic() < until:
        chance = random.Random(f"{name} {number}")
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WAITING)  # for one that waits and does nothing, as for a pipe
        began = time.process_time()
        try:
            if target(chance, stock):
                taken += 1
            else:
                refused += 1
        except Exception:  # noqa: BLE001 - every one is a finding
            findings += 1
            (folder / f"{name}-{number}.txt").write_text(traceback.format_exc(), errors="backslashreplace")
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, int(1e6 * (time.process_time() - began)))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) - at_rest
        if grown > max(growth, GIGABYTE):
            findings += 1
            (folder / f"{name}-{number}.txt").write_text(f"the memory grew by {grown >> 20} MB")
        number, growth = number + 1, max(growth, grown)
        board[:] = _BOARD.pack(number, taken, refused, findings, slowest, growth)


def fuzz(name: str, target: Target, stock: Stock, *, first: int, end: int, until: float, folder: Path) -> Row:
    """Have children read the inputs of a target, one after the other where one dies."""
    board = mmap.mmap(-1, _BOARD.size)
    board[:] = _BOARD.pack(first, 0, 0, 0, 0, 0)
    while True:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                resource.setrlimit(resource.RLIMIT_AS, (8 * GIGABYTE, 8 * GIGABYTE))  # for the sake of the machine
                inputs_of(name, target, stock, board, end, until, folder)
                code = 0
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        number, taken, refused, findings, slowest, growth = _BOARD.unpack(board[:])
        if status == 0:
            return Row(number - first, taken, refused, findings, slowest / 1e6, growth)
        reasons = {-signal.SIGPROF: f"more than {SECONDS} s of processor time", -signal.SIGALRM: f"{WAITING} s in all"}
        why = reasons.get(status, f"exit code {status}")
        (folder / f"{name}-{number}.txt").write_text(f"the process ended on this input: {why}")
        board[:] = _BOARD.pack(number + 1, taken, refused, findings + 1, slowest, growth)


def main() -> None:
    """Fuzz the targets in turn and print a table."""
    parser = argparse.ArgumentParser(description="Throw hostile input at every reader.")
    parser.add_argument("--minutes", type=float, default=60, help="Altogether; each target gets the same share.")
    parser.add_argument("--inputs", type=int, default=10**9, help="At most, for each target.")
    parser.add_argument("--first", type=int, default=0, help="Number of the first input.")
    parser.add_argument("--target", action="append", help="Only this one; may be given again.")
    parser.add_argument("--findings", type=Path, default=Path("runs/fuzz"), help="Folder for what went wrong.")
    arguments = parser.parse_args()
    targets = all_targets()
    chosen = arguments.target or list(targets)
    for name in chosen:
        if name not in targets:
            parser.error(f"--target must be one of {', '.join(targets)}, got {name!r}")
    shutil.rmtree(arguments.findings, ignore_errors=True)
    arguments.findings.mkdir(parents=True)
    titles = ("inputs", "taken", "refused", "findings", "slowest s", "growth MB")
    print(f"{'target':<16}" + "".join(f"{title:>11}" for title in titles))
    total = bad = 0
    with tempfile.TemporaryDirectory(prefix="molvae-fuzz-") as scratch:
        stock = Stock.build(Path(scratch))
        began, share = time.monotonic(), 60 * arguments.minutes / len(chosen)
        for index, name in enumerate(chosen):
            until = began + (index + 1) * share  # what one leaves over, the next ones have
            row = fuzz(
                name, targets[name], stock,
                first=arguments.first, end=arguments.first + arguments.inputs, until=until, folder=arguments.findings,
            )  # fmt: skip
            counts = f"{row.inputs:>11,}{row.taken:>11,}{row.refused:>11,}{row.findings:>11,}"
            print(f"{name:<16}{counts}{row.slowest:>11.3f}{row.growth >> 20:>11,}", flush=True)
            total, bad = total + row.inputs, bad + row.findings
    print(f"{total:,} inputs, {bad:,} findings" + (f", see {arguments.findings}" if bad else ""))
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
