"""`molvae train` and `molvae finetune`: a molecule file or a token shard becomes a run folder with a model."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from molvae.cli.data import open_or_prepare
from molvae.cli.dry_run import dry_run_option, look_at_source
from molvae.cli.options import (
    debug_option,
    device_option,
    folder_option,
    json_option,
    settings_option,
    threads_option,
    workers_option,
)
from molvae.cli.output import INTERRUPTED, say, show
from molvae.cli.settings_file import FILE, overruled, read_tables, write_tables

if TYPE_CHECKING:
    from molvae.datasets import TokenShard
    from molvae.model.config import VAEConfig
    from molvae.training import TrainConfig
    from molvae.training.events import Event, TrainResult

_COMPARED = 10_000  # molecules of the training set, at most, that what the model writes is compared with

Command = TypeVar("Command", bound=Callable[..., object])

# Options whose names are fields of TrainConfig; what is not given keeps the default of the settings file or the class.
_TRAIN_OPTIONS = (
    click.option("--minutes", "max_minutes", type=float, help="Stop after so many minutes of training."),
    click.option("--epochs", type=float, help="Stop after so many passes over the molecules."),
    click.option("--steps", "max_steps", type=int, help="Stop after so many steps."),
    click.option("--batch-size", type=int, help="Molecules per step."),
    click.option("--learning-rate", type=float, help="Of AdamW, at its peak."),
    click.option("--optimizer", type=click.Choice(["muon", "adamw"]), help="Of the matrices of the GRUs."),
    click.option("--beta", type=float, help="Weight of the KL term, at its peak."),
    click.option("--beta-schedule", type=click.Choice(["constant", "linear", "cyclical"]), help="How β rises."),
    click.option("--null-share", type=float, help="Share of molecules learned without z, for unconditional samples."),
    click.option("--balance", type=float, help="From 0, every molecule alike, to 1, every source alike."),
    click.option("--free-bits", type=float, help="Nats per latent dimension that cost nothing."),
    click.option("--validation-size", type=int, help="Molecules held out."),
    click.option("--patience", type=int, help="Stop after so many validations without a better loss."),
    click.option("--precision", type=click.Choice(["auto", "bf16", "fp32"]), help="Of the arithmetic."),
    click.option("--tensorboard", is_flag=True, default=None, help="Also write TensorBoard files (extra train)."),
    click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="The same seed, data and steps, the same weights."),
)
_MODEL_OPTIONS = (
    click.option("--latent-dim", type=int, help="Dimensions of the latent space."),
    click.option("--encoder-dim", "encoder_hidden_dim", type=int, help="Width of the encoder, per direction."),
    click.option("--decoder-dim", "decoder_hidden_dim", type=int, help="Width of the decoder."),
    click.option("--word-dropout", type=float, help="Share of the decoder's input symbols that are hidden."),
)
_RUN_OPTIONS = (
    folder_option("Run folder."),
    settings_option("[train] and [model]"),
    dry_run_option,
    click.option("--resume", is_flag=True, help="Go on where the run in -o stopped; start it if there is none."),
)


def _with(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.command(short_help="Train a model on a molecule file or a token shard.")
@click.argument("source")
@_with(*_RUN_OPTIONS, *_TRAIN_OPTIONS, *_MODEL_OPTIONS)
@_with(device_option, threads_option, workers_option, json_option, debug_option)
def train(
    source: str, output: Path, settings: Path | None, dry_run: bool, resume: bool, device: str, workers: int | None,
    as_json: bool, **given: Any,
) -> int:  # fmt: skip
    """Train a model on SOURCE: a molecule file, a named data set, or a folder that `molvae data prepare` wrote.

    \b
    Examples:
      molvae train my.smi -o runs/mine --minutes 30
      molvae data prepare moses -o runs/moses && molvae train runs/moses -o runs/a --epochs 3
      molvae train runs/moses -o runs/a --epochs 3 --resume        # after a kill, a power cut or Ctrl-C

    A checkpoint is written every few minutes and on Ctrl-C; `molvae sample -m RUN` works at any time after the first.
    All settings are written to RUN/settings.toml: --settings with that file repeats the run in another folder.
    """
    from molvae.datasets.corpus import STANDARDIZATION
    from molvae.model.config import VAEConfig
    from molvae.training import TrainConfig
    from molvae.training import train as train_vae

    tables = read_tables(settings, known=("train", "model"))
    train_config = overruled(TrainConfig, tables.get("train", {}), given, where="train")
    vae_config = overruled(VAEConfig, tables.get("model", {}), given, where="model")
    if dry_run:
        return _plan(look_at_source(source, standardization=STANDARDIZATION), output, train_config, as_json=as_json)
    shard = open_or_prepare(source, output / "data", workers=workers)
    with _reporting({"train": train_config, "model": vae_config}) as report:
        result = train_vae(
            shard,
            output,
            vae_config=vae_config,
            train_config=train_config,
            resume=resume,
            device=device,
            on_event=report,
        )
    return _finish(result, shard, as_json=as_json)


@click.command(short_help="Adapt a trained model to a small molecule file.")
@click.argument("source")
@click.option(
    "-m", "--model", type=click.Path(path_type=Path), required=True, help="Folder of the model to start from."
)
@_with(*_RUN_OPTIONS, *_TRAIN_OPTIONS)
@_with(device_option, threads_option, workers_option, json_option, debug_option)
def finetune(
    source: str, model: Path, output: Path, settings: Path | None, dry_run: bool, resume: bool, device: str,
    workers: int | None, as_json: bool, **given: Any,
) -> int:  # fmt: skip
    """Adapt a trained model to the molecules of SOURCE; symbols that the model has not seen are added.

    \b
    Example:
      molvae finetune my-series.smi -m runs/moses -o runs/mine --epochs 10
    """
    from molvae.model.checkpoint import load_checkpoint
    from molvae.training import TrainConfig, fine_tune
    from molvae.training.config import FINE_TUNING

    tables = read_tables(settings, known=("train",))
    table = FINE_TUNING | tables.get("train", {})
    train_config = overruled(TrainConfig, table, given, where="train")
    if dry_run:
        standardization = load_checkpoint(model).standardization
        return _plan(look_at_source(source, standardization=standardization), output, train_config, as_json=as_json)
    shard = open_or_prepare(source, output / "data", workers=workers, model=model)
    with _reporting({"train": train_config}) as report:
        result = fine_tune(
            model, shard, output, train_config=train_config, resume=resume, device=device, on_event=report
        )
    return _finish(result, shard, as_json=as_json)


def _plan(found: dict[str, object], output: Path, config: TrainConfig, *, as_json: bool) -> int:
    """Say what a run would do."""
    from molvae.training.state import STATE_FILE

    molecules = found.get("molecules", found.get("rows_about"))
    epoch = max(1, molecules // config.batch_size) if isinstance(molecules, int) else None
    steps = None if epoch is None else config.total_steps(epoch)
    began = (output / STATE_FILE).exists()
    show(
        found
        | {
            "steps_per_epoch_about": epoch,
            "steps_about": steps,
            "minutes_at_most": config.max_minutes,
            "output": f"{output}, {'where a run goes on with --resume only' if began else 'a new run'}",
        },
        as_json=as_json,
    )
    return 0


@contextmanager
def _reporting(settings: dict[str, TrainConfig | VAEConfig]) -> Iterator[Callable[[Event], None]]:
    """Yield a function that shows what training reports: a bar on a terminal, and a line per validation.

    As soon as the run has its folder, its settings are written there.
    """
    from tqdm import tqdm

    from molvae.training.events import Progress, Started, Validation

    with tqdm(
        total=100,
        disable=None,
        leave=False,
        dynamic_ncols=True,
        bar_format="{percentage:3.0f}% |{bar}| {elapsed}<{remaining}  {desc}",
    ) as bar:

        def report(event: Event) -> None:
            match event:
                case Started():
                    tables = {name: dataclasses.asdict(each) for name, each in settings.items()}
                    about = f"--settings {event.run_folder / FILE} -o ANOTHER_FOLDER repeats this run"
                    write_tables(event.run_folder / FILE, tables, about=about)
                    bar.clear()
                    say(
                        f"{'resuming at step ' + format(event.step, ',') + ' ' if event.step else ''}training "
                        f"{event.parameters:,} parameters on {event.train_molecules:,} molecules "
                        f"({event.validation_molecules:,} held out), {event.device}, {event.precision}"
                    )
                case Progress():
                    bar.update(100 * event.share - bar.n)
                    bar.set_description_str(
                        f"step {event.step:,}, {event.reconstruction:.2f} + {event.beta:.3g}·{event.kl:.1f} nats, "
                        f"{event.molecules_per_second:,.0f} molecules/s"
                    )
                case Validation():
                    bar.clear()
                    say(
                        f"step {event.step:,}: {event.exact_reconstruction:.1%} of {event.molecules:,} held-out "
                        f"molecules come back exactly, reconstruction {event.reconstruction:.2f} nats, "
                        f"KL {event.kl:.1f} nats, {event.active_units} active units"
                    )
                case _:
                    pass

        yield report


def _finish(result: TrainResult, shard: TokenShard, *, as_json: bool) -> int:
    """Print how the run ended and return the exit code."""
    if result.stop_reason != "interrupted":
        _complete(result.run_folder, shard)
    validation = result.validation
    show(
        {
            "run": str(result.run_folder),
            "stopped": result.stop_reason,
            "steps": result.steps,
            "epochs": result.epochs,
            "molecules": result.molecules,
            "seconds": result.seconds,
            "skipped_steps": result.skipped_steps,
            "best_step": result.best_step,
            "held_out_molecules": validation and validation.molecules,
            "exact_reconstruction": validation and validation.exact_reconstruction,
            "reconstruction_nats": validation and validation.reconstruction,
            "kl_nats": validation and validation.kl,
            "active_units": validation and validation.active_units,
        },
        as_json=as_json,
    )
    if result.stop_reason == "interrupted":
        say(f"stopped on request and saved; the same command with --resume goes on from step {result.steps:,}")
        return INTERRUPTED
    return 0


def _complete(run_folder: Path, shard: TokenShard) -> None:
    """Learn, and keep with the model, what of its samples to keep, and how far the neighbours of a similarity are."""
    from molvae.latent import LatentSpace
    from molvae.model.null_latent import NullLatent

    space = LatentSpace.load(run_folder)
    if isinstance(space.prior(), NullLatent):
        say("learning which of the molecules that it writes are like the training set")
        rows = random.Random(0).sample(range(len(shard)), min(len(shard), _COMPARED))
        space.fit_selection(shard.smiles(sorted(rows)))
        space.save(run_folder)
    try:
        space.calibrate().save(run_folder)
    except ValueError as error:  # a model that hardly writes a molecule is kept all the same
        say(f"the radii of neighbours are not measured yet: {error}")
