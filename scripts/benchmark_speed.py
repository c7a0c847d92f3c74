"""One table of speeds: chemistry, training, encoding, decoding, sampling, beside this machine's own product limit.

    python scripts/benchmark_speed.py                                   # embedded molecules, a model trained here
    python scripts/benchmark_speed.py --smiles my.smi --minutes 5
    python scripts/benchmark_speed.py --smiles my.smi --model runs/a    # a model trained before: no row "train"

Each row is the median of several runs in this process with the smallest and the largest, so that a noisy machine
shows. The product limit (largest of several bf16 and fp32 matrix products, all threads) is measured in the same run:
the share of it that a row reaches can be compared between machines, molecules per second cannot. A share counts the
arithmetic of the model's matrix products only. In training every molecule is encoded (null share 0), and sampling is
from the fitted Gaussian. Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from molvae.datasets import TokenShard, dataset, prepare, read_rows
from molvae.latent import LatentSpace
from molvae.model import GREEDY, Sampling, VAEConfig
from molvae.model.parallel import map_threads, resolve_threads
from molvae.tokens.bulk import decode_many, encode_many
from molvae.tokens.codec import EncodedMolecule, MoleculeCodec
from molvae.training import Progress, TrainConfig, train

ROWS = 20_000  # of every row that counts molecules per second
TRAININGS: tuple[tuple[Literal["adamw", "muon"], int], ...] = (("adamw", 256), ("adamw", 128), ("muon", 128))


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    median: float
    low: float
    high: float
    unit: str
    share: float | None = None  # of the product limit in the precision used
    note: str = ""

    def text(self) -> str:
        """Return the row as a line of the table."""
        digits = 3 if self.unit == "s" else 1 if self.unit == "ms" else 0
        values = " ".join(f"{value:10,.{digits}f}" for value in (self.median, self.low, self.high))
        share = "" if self.share is None else f"{self.share:.0%}"
        return f"{self.what:32}{values}  {self.unit:12}{share:>8}  {self.note}".rstrip()


def measure(work: Callable[[], object], amount: float, *, runs: int) -> tuple[float, float, float]:
    """Return median, smallest and largest of `amount` per second over `runs` runs, after one that is not counted."""
    work()
    rates = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        rates.append(amount / (time.perf_counter() - start))
    return statistics.median(rates), min(rates), max(rates)


def product_rates(dtype: torch.dtype, threads: int) -> tuple[float, float, float]:
    """Return median, smallest and largest FLOP per second of (256, 512) × (512, 1536) products, a stream per thread."""
    left = [torch.randn(256, 512).to(dtype) for _ in range(threads)]
    right, repeats = torch.randn(512, 1536).to(dtype), 200

    def multiply(a: torch.Tensor) -> None:
        out = torch.empty(256, 1536, dtype=dtype)
        for _ in range(repeats):
            torch.mm(a, right, out=out)

    flop = 2 * 256 * 512 * 1536 * repeats * threads
    return measure(lambda: map_threads(multiply, left, threads=threads), flop, runs=9)


def flop_per_symbol(config: VAEConfig, vocabulary: int) -> tuple[float, float]:
    """Return the FLOP of the recurrent and output products per symbol, forward: encoder, decoder."""
    encoder = 2 * 2 * 3 * config.encoder_hidden_dim**2
    decoder = 2 * (3 * config.decoder_hidden_dim**2 + config.decoder_hidden_dim * vocabulary)
    return float(encoder), float(decoder)


class Table:
    """Rows as they are measured, shown one by one, since the whole takes minutes."""

    def __init__(self, runs: int) -> None:
        self.rows: list[Row] = []
        self._runs = runs

    def add(self, row: Row) -> Row:
        """Keep a row and show it."""
        self.rows.append(row)
        print(row.text(), file=sys.stderr, flush=True)
        return row

    def time(
        self,
        what: str,
        work: Callable[[], object],
        amount: int,
        *,
        flop: float = 0.0,
        limit: float = 1.0,
        note: str = "",
    ) -> None:
        """Add the rate of `work`, which handles `amount` molecules at `flop` operations each."""
        median, low, high = measure(work, amount, runs=self._runs)
        share = median * flop / limit if flop else None
        self.add(Row(what, median, low, high, "molecules/s", share, note))

    def latency(self, what: str, work: Callable[[], object], amount: int) -> None:
        """Add the time that `work` takes for each of its `amount` molecules."""
        median, low, high = measure(work, amount, runs=self._runs)
        self.add(Row(what, 1e3 / median, 1e3 / high, 1e3 / low, "ms"))

    def start_up(self, what: str, arguments: list[str]) -> None:
        """Add the wall time of a whole Python process."""
        seconds = []
        for _ in range(self._runs + 1):
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            seconds.append(time.perf_counter() - start)
        seconds = seconds[1:]
        self.add(Row(what, statistics.median(seconds), min(seconds), max(seconds), "s", note="whole process"))


def benchmark(smiles: list[str], model: Path | None, *, minutes: float, runs: int, scratch: Path) -> list[Row]:
    """Return the rows of the table."""
    results, cores = Table(runs), resolve_threads(None)
    limits = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        median, low, high = product_rates(dtype, cores)
        limits[name] = median
        results.add(
            Row(f"product limit, {name}", median / 1e9, low / 1e9, high / 1e9, "GFLOP/s", 1.0, f"{cores} cores")
        )

    (scratch / "molecules.smi").write_text("\n".join(smiles) + "\n")
    shard = prepare(scratch / "molecules.smi", scratch / "shard")
    rates = {}
    if model is None:
        model = scratch / "model-muon-128"
        rates = {
            f"{name}, batch {size}": training_rates(
                shard,
                scratch / f"model-{name}-{size}",
                TrainConfig(max_minutes=minutes, batch_size=size, null_share=0.0, optimizer=name),
            )
            for name, size in TRAININGS
        }
    space = LatentSpace.load(model)
    codec, network = space.pipeline.codec, space.pipeline.network
    precision, limit = network.precision, limits[network.precision]
    encoder, decoder = flop_per_symbol(space.checkpoint.config, len(codec.vocabulary))
    symbols = float(shard.lengths.mean()) + 1  # the end is a step too
    for name, measured in rates.items():
        median, note = statistics.median(measured), f"{precision}, {symbols:.0f} symbols a molecule"
        share = median * symbols * 3 * (encoder + decoder) / limit
        results.add(Row(f"train, {name}", median, min(measured), max(measured), "molecules/s", share, note))

    # Molecules that the model's vocabulary holds, repeated to a number that keeps worker processes busy.
    taken = [row for row in encode_many(codec, smiles, workers=None) if isinstance(row, EncodedMolecule)]
    taken = list(itertools.islice(itertools.cycle(taken), ROWS))
    molecules, tokens, n = [row.smiles for row in taken], [row.tokens for row in taken], len(taken)
    for workers in (1, 2):
        processes = "1 process" if workers == 1 else f"{workers} processes"
        results.time("chemistry: SMILES to tokens", partial(encode_all, codec, molecules, workers), n, note=processes)
        results.time("chemistry: tokens to SMILES", partial(decode_all, codec, tokens, workers), n, note=processes)

    encode = partial(network.posteriors, tokens)
    results.time("network: encode", encode, n, flop=symbols * encoder, limit=limit, note=precision)
    z = network.posteriors(tokens)[0]
    for name, sampling in (("greedy", GREEDY), ("temperature 1", Sampling(temperature=1.0))):
        written = float(np.mean([len(row) + 1 for row in network.sequences(z, sampling)]))
        note = f"{precision}, batch 1,024, {written:.0f} symbols a molecule"
        decode = partial(network.sequences, z, sampling)
        results.time(f"network: decode, {name}", decode, n, flop=written * decoder, limit=limit, note=note)

    results.time("end to end: encode", partial(space.encode, molecules), n, note=f"{cores} cores")
    results.time("end to end: decode", partial(space.decode, z), n, note=f"{cores} cores")
    results.time(
        "end to end: sample", partial(space.sample, n, seed=0), n, note=f"{cores} cores, {space.priors[0]} prior"
    )
    few = min(20, n)
    results.latency("one molecule: encode", lambda: [space.encode(molecule) for molecule in molecules[:few]], few)
    results.latency("one molecule: decode", lambda: [space.decode(z[i : i + 1]) for i in range(few)], few)
    results.start_up("python -c pass", ["-c", "pass"])
    results.start_up("import molvae", ["-c", "import molvae"])
    results.start_up("molvae --help", ["-m", "molvae.cli", "--help"])
    return results.rows


def encode_all(codec: MoleculeCodec, smiles: list[str], workers: int) -> None:
    """Turn SMILES into tokens and drop them."""
    deque(encode_many(codec, smiles, workers=workers), maxlen=0)


def decode_all(codec: MoleculeCodec, tokens: list[tuple[int, ...]], workers: int) -> None:
    """Turn tokens into SMILES and drop them."""
    deque(decode_many(codec, tokens, workers=workers), maxlen=0)


def training_rates(shard: TokenShard, folder: Path, config: TrainConfig) -> list[float]:
    """Train a model of the default size and return the molecules per second of each report but the first."""
    rates: list[float] = []

    def report(event: object) -> None:
        if isinstance(event, Progress):
            rates.append(event.molecules_per_second)

    train(shard, folder, train_config=config, on_event=report)
    return rates[1:]


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smiles", type=Path, help="file of molecules; default: the embedded wehi10k")
    parser.add_argument("--rows", type=int, default=50_000, help="molecules taken from the file, at most")
    parser.add_argument("--model", type=Path, help="a trained model; default: train one here")
    parser.add_argument("--minutes", type=float, default=2.0, help="of each training, where no model is given")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args()
    source = read_rows(options.smiles) if options.smiles else dataset("wehi10k").rows()
    smiles = [row.smiles for row in itertools.islice(source, options.rows) if row.smiles is not None]
    with tempfile.TemporaryDirectory() as scratch:
        rows = benchmark(smiles, options.model, minutes=options.minutes, runs=options.runs, scratch=Path(scratch))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        heading = f"{'':32}{'median':>10} {'min':>10} {'max':>10}  {'':12}{'of limit':>8}"
        print("\n".join([heading, *(row.text() for row in rows)]))


if __name__ == "__main__":
    main()
