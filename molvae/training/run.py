"""Train a VAE on a token shard, or fine-tune one on a few molecules more."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import torch

from molvae.datasets.locks import sole_writer
from molvae.datasets.shards import TokenShard
from molvae.errors import ConfigError, MissingExtraError
from molvae.model.checkpoint import CARD
from molvae.model.config import VAEConfig
from molvae.model.parallel import resolve_threads, single_threaded_torch
from molvae.model.precision import resolve_precision
from molvae.model.vae import MoleculeVAE, build_vae
from molvae.settings import require
from molvae.training.board import Board
from molvae.training.config import FINE_TUNING, TrainConfig
from molvae.training.curves import draw_curves
from molvae.training.distributed import Processes, join_processes
from molvae.training.events import Event, SkippedStep, Started, StopReason, TrainResult, Validation
from molvae.training.finetuning import load_for_fine_tuning
from molvae.training.interruption import Interruption
from molvae.training.journal import Journal, read_journal
from molvae.training.loop import TrainingLoop
from molvae.training.optimizer import Muon
from molvae.training.state import TrainingState, WeightAverage, load_state, read_header, save_state, trained_parameters
from molvae.training.task import Task

_logger = logging.getLogger(__name__)


def train(
    shard: TokenShard,
    run_folder: Path | str,
    *,
    vae_config: VAEConfig | None = None,
    train_config: TrainConfig | None = None,
    extra_symbols: Iterable[str] = (),
    resume: bool = False,
    on_event: Callable[[Event], None] | None = None,
    device: str = "auto",
) -> TrainResult:
    """Train a VAE on the molecules of `shard` and return how the run ended.

    The run folder holds the model (`weights.safetensors` and `model.json`: the best so far on held-out molecules, for
    `molvae.load`), what is needed to resume (`training.safetensors`), the record (`metrics.jsonl`) and a picture
    (`curves.png`). On Ctrl-C and SIGTERM the run is saved and ends with the reason "interrupted".

    Args:
        shard: the molecules as tokens.
        run_folder: where the run is kept.
        vae_config: sizes of the model; None for the default.
        train_config: how it is trained; None for the default.
        extra_symbols: SELFIES symbols that the model has beside those of the shard, for fine-tuning or later training.
        resume: go on with the run in `run_folder`; start one if there is none.
        on_event: called with each report while the run works.
        device: "auto", "cpu" or a CUDA device.

    Raises:
        ConfigError: the folder holds another run or a finished model, or `resume` with other settings.
        DataError: `resume` with other molecules.
        CheckpointError: the state to resume from is damaged.
        TrainingError: three steps in a row had a loss or a gradient that is not finite.
        InUseError: another process trains into `run_folder`.
        MissingExtraError: TensorBoard or several processes are asked for and their package is not installed.
    """
    vae_config, train_config = vae_config or VAEConfig(), train_config or TrainConfig()
    vocabulary = shard.vocabulary.extended(tuple(extra_symbols))
    task = Task(shard, Path(run_folder), vae_config, train_config, vocabulary=vocabulary)
    vae = build_vae(
        vae_config,
        vocabulary_size=len(task.vocabulary),
        generator=torch.Generator().manual_seed(train_config.seed),
    )
    return _run(task, vae, resume=resume, on_event=on_event, device=device)


def fine_tune(
    checkpoint_folder: Path | str,
    shard: TokenShard,
    run_folder: Path | str,
    *,
    train_config: TrainConfig | None = None,
    resume: bool = False,
    on_event: Callable[[Event], None] | None = None,
    device: str = "auto",
) -> TrainResult:
    """Train the model in `checkpoint_folder` further on the molecules of `shard`, into another folder.

    Symbols that the model has not seen are added to its vocabulary; known tokens keep their numbers. Arguments, files
    and errors are those of `train`; `train_config` None takes learning rates a quarter as large.

    Raises:
        CheckpointError: no model is in `checkpoint_folder`, or it is damaged.
        DataError: the shard was prepared under other constraints or another standardization than the model.
    """
    train_config = train_config or TrainConfig(**FINE_TUNING)
    if Path(checkpoint_folder).resolve() == Path(run_folder).resolve():
        raise ConfigError(f"run_folder must be another folder than that of the model, got {str(run_folder)!r} twice")
    origin = load_for_fine_tuning(checkpoint_folder, shard, seed=train_config.seed)
    task = Task(
        shard,
        Path(run_folder),
        origin.vae_config,
        train_config,
        vocabulary=origin.vocabulary,
        origin=origin.weights_hash,
        longest_of_origin=origin.longest_molecule,
        null_latent_of_origin=origin.null_latent,
    )
    return _run(task, origin.vae, resume=resume, on_event=on_event, device=device)


def _run(
    task: Task, vae: MoleculeVAE, *, resume: bool, on_event: Callable[[Event], None] | None, device: str
) -> TrainResult:
    config = task.train_config
    with ExitStack() as stack:
        interruption = stack.enter_context(Interruption())
        processes = join_processes(device)
        stack.callback(processes.close)
        require(
            config.batch_size % processes.world_size == 0,
            "batch_size",
            f"a multiple of the {processes.world_size} processes",
            config.batch_size,
        )
        state = _build_state(task, vae, processes.device)
        if processes.rank == 0:
            stack.enter_context(sole_writer(task.run_folder / ".lock", task.run_folder))
        _open_run(task, state, processes, resume=resume)
        dtype = resolve_precision(config.precision, processes.device)
        threads = _resolve_threads(config.threads, processes)
        if processes.device.type == "cpu":
            stack.enter_context(single_threaded_torch())  # the threads share molecules, not matrix products
        loop = TrainingLoop(task, state, processes, interruption, dtype=dtype, threads=threads)
        listeners: list[Callable[[Event], None]] = []
        if processes.rank == 0:
            journal = Journal(task.run_folder, step=state.counters.step)
            stack.callback(journal.close)
            listeners = [journal, _log]
            if config.tensorboard:
                board = Board(task.run_folder, step=state.counters.step)
                stack.callback(board.close)
                listeners.append(board)
            if on_event is not None:
                listeners.append(on_event)
        for listener in listeners:
            listener(_started(task, state, loop, processes))
        for event in loop.events():
            for listener in listeners:
                listener(event)
        processes.wait()
        result = _result(task, state, loop)
    if processes.rank == 0:
        _draw(task.run_folder)
        _logger.info("%s after %d steps in %.1f minutes", result.stop_reason, result.steps, result.seconds / 60)
    return result


def _build_state(task: Task, vae: MoleculeVAE, device: torch.device) -> TrainingState:
    config = task.train_config
    vae = vae.to(device).train()
    null_latents = None
    if config.null_share > 0:
        null_latents = torch.nn.Parameter(task.first_null_latents().to(device))
    parameters = trained_parameters(vae, null_latents)
    muon = Muon(parameters) if config.optimizer == "muon" else None
    optimizer = torch.optim.AdamW(
        [parameter for name, parameter in parameters.items() if muon is None or name not in muon.matrices],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        fused=True,
    )
    average = None if config.ema_decay is None else WeightAverage(parameters.values(), config.ema_decay)
    return TrainingState(vae, optimizer, average, muon, null_latents)


def _open_run(task: Task, state: TrainingState, processes: Processes, *, resume: bool) -> None:
    """Load the state of the run in the folder, or write the first one of a new run."""
    exists = task.state_file.exists()
    has_model = (task.run_folder / CARD).exists()
    processes.wait()  # until every process has looked, before the first one writes
    if exists and not resume:
        raise ConfigError(f"{task.run_folder} holds a run already: resume it, or choose another folder")
    if has_model and not exists:
        raise ConfigError(f"{task.run_folder} holds a model that no run here has made: choose another folder")
    if processes.rank == 0:
        for leftover in task.run_folder.glob(".tmp-*"):
            if leftover.is_file():  # of a save that was killed; a folder belongs to someone else
                leftover.unlink(missing_ok=True)
    if exists:
        task.check_header(read_header(task.state_file))
        load_state(task.state_file, state)
        _logger.info("resuming %s after step %d", task.run_folder, state.counters.step)
    elif processes.rank == 0:
        task.run_folder.mkdir(parents=True, exist_ok=True)
        save_state(task.state_file, state, task.header())


def _resolve_threads(requested: int | None, processes: Processes) -> int:
    """Return how many threads share the molecules of a step: one with a GPU, else all processors there are."""
    if processes.device.type != "cpu":
        return 1
    if requested is not None:
        return requested
    neighbors = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # processes on this machine, set by the launcher
    return max(1, resolve_threads(None) // neighbors)


def _started(task: Task, state: TrainingState, loop: TrainingLoop, processes: Processes) -> Started:
    return Started(
        run_folder=task.run_folder,
        step=state.counters.step,
        total_steps=loop.total_steps,
        steps_per_epoch=loop.batches.steps_per_epoch,
        train_molecules=len(task.train_rows),
        validation_molecules=len(task.validation_rows),
        parameters=sum(parameter.numel() for parameter in state.vae.parameters()),
        device=str(processes.device),
        precision=str(loop.dtype).removeprefix("torch."),
        processes=processes.world_size,
    )


def _result(task: Task, state: TrainingState, loop: TrainingLoop) -> TrainResult:
    counters = state.counters
    reason: StopReason = counters.stop_reason  # type: ignore[assignment]
    validation = None
    for record in read_journal(task.run_folder):
        if record.pop("kind") == "validation" and record["step"] == counters.best_step:
            record["kl_per_dimension"] = tuple(record["kl_per_dimension"])
            validation = Validation(**record)
    return TrainResult(
        run_folder=task.run_folder,
        stop_reason=reason,
        steps=counters.step,
        epochs=counters.step / loop.batches.steps_per_epoch,
        molecules=counters.step * loop.batches.batch_size,
        seconds=counters.seconds,
        skipped_steps=counters.skipped_steps,
        best_step=counters.best_step,
        validation=validation,
    )


def _log(event: Event) -> None:
    if isinstance(event, Validation):
        _logger.info(
            "step %d: held out %.2f + beta * %.2f nats, %.1f %% reconstructed exactly, %d active units",
            event.step,
            event.reconstruction,
            event.kl,
            100 * event.exact_reconstruction,
            event.active_units,
        )
    elif isinstance(event, SkippedStep):
        _logger.warning("step %d skipped: its %s is not finite", event.step, event.term)
    else:
        _logger.debug("%s", dataclasses.asdict(event))


def _draw(run_folder: Path) -> None:
    try:
        draw_curves(run_folder)
    except MissingExtraError as err:
        _logger.info("no picture of the run: %s", err)
