"""The training loop: one step after the other, in one process or in several that average their gradients.

The batch, the noise and the learning rate of a step are functions of the settings and the step (with a time limit, the
learning rate follows the clock). So a run that is killed and resumed gives, on CPU, the same weights bit for bit.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.datasets.batches import BucketedBatches
from molvae.errors import TrainingError
from molvae.model.loss import ElboTerms
from molvae.model.parallel import map_threads
from molvae.model.precision import autocast
from molvae.training.distributed import Processes
from molvae.training.events import Event, Progress, Saved, SkippedStep, StopReason, Validation
from molvae.training.interruption import Interruption
from molvae.training.metrics import to_tensors, validate, warn_of_collapse
from molvae.training.saving import save_model
from molvae.training.schedules import beta_schedule, learning_rate
from molvae.training.state import VALIDATION_NOISE, TrainingState, save_state, step_seed
from molvae.training.task import Task

MAX_SKIPPED_IN_A_ROW = 3
LEAST_SLICE = 32  # molecules; smaller matrix products waste the processor


class Slice(NamedTuple):
    """The molecules of a step that one thread works on."""

    tokens: Tensor  # (T, B)
    lengths: Tensor  # (B,)
    weight: float  # share of the process's molecules
    seed: int  # of its noise
    null_sources: Tensor | None  # (N,) sources of the last N molecules, which are written without their z


class TrainingLoop:
    """Trains `state` on `task`; iterate over `events()` to make it work."""

    def __init__(
        self,
        task: Task,
        state: TrainingState,
        processes: Processes,
        interruption: Interruption,
        *,
        dtype: torch.dtype,
        threads: int,
    ) -> None:
        config = task.train_config
        self._task, self._state, self._processes, self._interruption = task, state, processes, interruption
        self._config, self.dtype = config, dtype
        self.batches = BucketedBatches(
            task.shard.lengths,
            task.train_rows,
            batch_size=config.batch_size,
            seed=config.seed,
            weights=task.train_weights,
        )
        self.total_steps = config.total_steps(self.batches.steps_per_epoch)
        self._beta = beta_schedule(config.beta_schedule, peak=config.beta, length=config.beta_warmup_steps)
        self._parameters = list(state.parameters.values())
        share = self.batches.batch_size // processes.world_size
        self._num_slices = min(threads, max(1, share // LEAST_SLICE))
        self._threads = threads

    def events(self) -> Iterator[Event]:
        """Train until the run ends, is interrupted or stops early, and yield what happens on the way.

        Raises:
            TrainingError: three steps in a row had a loss or a gradient that is not finite.
        """
        counters, config = self._state.counters, self._config
        started, done_before = time.perf_counter() - counters.seconds, counters.step
        saved_seconds = counters.seconds
        slices = self._load(counters.step)
        while True:
            interrupted = self._agree_on_time(time.perf_counter() - started)
            reason = self._stop_reason(interrupted)
            if reason is not None:
                break
            slices, skipped = self._step(slices)
            if skipped is not None:
                yield skipped
            if counters.step % config.log_every == 0 and counters.window_steps:
                yield self._report()
            if counters.step % config.validate_every == 0 and len(self._task.validation_rows):
                yield from self._validate()
            if counters.seconds - saved_seconds >= 60 * config.checkpoint_every_minutes:
                saved_seconds = counters.seconds
                yield self._save()
        if reason != "interrupted" and counters.validated_step != counters.step and len(self._task.validation_rows):
            yield from self._validate()
        if counters.step != done_before or counters.stop_reason != reason:
            counters.stop_reason = reason
            yield self._save()

    def _agree_on_time(self, seconds: float) -> bool:
        """Set the clock that all processes go by; return whether one of them was asked to stop."""
        agreed = self._processes.largest(
            torch.tensor([seconds, float(self._interruption.requested)], dtype=torch.float64)
        )
        self._state.counters.seconds = float(agreed[0])
        return bool(agreed[1])

    def _share_done(self) -> float:
        counters, shares = self._state.counters, [0.0]
        if self.total_steps is not None:
            shares.append(counters.step / self.total_steps)
        if self._config.max_minutes is not None:
            shares.append(counters.seconds / (60 * self._config.max_minutes))
        return max(shares)

    def _stop_reason(self, interrupted: bool) -> StopReason | None:
        if self._share_done() >= 1:
            return "finished"
        if self._config.patience is not None and self._state.counters.stale_validations >= self._config.patience:
            return "early stopping"
        return "interrupted" if interrupted else None

    def _load(self, step: int) -> list[Slice]:
        """Return this process's share of the batch of a step, dealt out to the threads."""
        rows = self.batches.batch(step, rank=self._processes.rank, world_size=self._processes.world_size)
        return [
            self._slice(
                rows[number :: self._num_slices],
                weight=len(rows[number :: self._num_slices]) / len(rows),
                seed=step_seed(self._config.seed, step, self._processes.rank, number),
            )
            for number in range(self._num_slices)
        ]

    def _slice(self, rows: NDArray[np.int64], *, weight: float, seed: int) -> Slice:
        count = min(round(self._config.null_share * len(rows)), len(rows) - 1)
        sources = None
        if count:
            rows = self._task.null_rows_last(rows, count, seed=seed)
            sources = torch.from_numpy(self._task.shard.group_of(rows[-count:])).to(self._processes.device)
        return Slice(*to_tensors(self._task.collate(rows), self._processes.device), weight, seed, sources)

    def _gradients(self, part: Slice) -> list[Tensor]:
        """Return a slice's share of the loss, its two parts, and the gradients."""
        generator = torch.Generator(self._processes.device).manual_seed(part.seed)
        points = self._state.null_latents
        null = None if points is None or part.null_sources is None else points[part.null_sources]
        with autocast(self.dtype, self._processes.device):
            terms: ElboTerms = self._state.vae(part.tokens, part.lengths, generator=generator, null_latents=null)
        loss = part.weight * terms.loss(self._beta(self._state.counters.step), free_bits=self._config.free_bits)
        # Zeros for null latents that no molecule of this slice is written from.
        gradients = torch.autograd.grad(loss, self._parameters, materialize_grads=True)
        unconditional = terms.reconstruction.new_zeros(1) if terms.unconditional is None else terms.unconditional
        means = [part.weight * term.detach().mean() for term in (terms.reconstruction, terms.kl, unconditional)]
        return [torch.stack((loss.detach(), *means)), *gradients]

    def _step(self, slices: list[Slice]) -> tuple[list[Slice], SkippedStep | None]:
        """Do one step; return the slices of the next one, and the step if it was skipped."""
        start = time.perf_counter()
        config, counters, optimizer = self._config, self._state.counters, self._state.optimizer
        results = map_threads(self._gradients, slices, threads=self._threads)
        sums = [functools.reduce(torch.add, shares) for shares in zip(*results, strict=True)]  # in a fixed order
        parts, *gradients = self._processes.average(sums)
        following = self._load(counters.step + 1)  # while a GPU is still at work on this one
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, config.gradient_clip)
        values: list[float] = torch.cat((parts, norm.view(1))).tolist()  # the only wait for a GPU in a step
        finite = all(map(math.isfinite, values))
        if finite:
            for group in optimizer.param_groups:
                group["lr"] = self._learning_rate(config.learning_rate)
            optimizer.step()
            if self._state.muon is not None:
                rate = self._learning_rate(config.matrix_learning_rate)
                self._state.muon.step(rate, dtype=self.dtype, threads=self._threads)
        for parameter in self._parameters:
            parameter.grad = None
        counters.step += 1
        if not finite:
            return following, self._skip(values)
        if self._state.average is not None:
            self._state.average.update(counters.step)
        counters.skipped_in_a_row = 0
        before = counters.window_sums or (0.0,) * len(values)
        counters.window_sums = tuple(total + value for total, value in zip(before, values, strict=True))
        counters.window_steps += 1
        counters.window_seconds += time.perf_counter() - start
        return following, None

    def _learning_rate(self, peak: float) -> float:
        config = self._config
        return learning_rate(
            self._state.counters.step,
            self._share_done(),
            peak=peak,
            final=peak * config.final_learning_rate,
            warmup_steps=config.warmup_steps,
        )

    def _skip(self, values: list[float]) -> SkippedStep:
        counters = self._state.counters
        counters.skipped_steps += 1
        counters.skipped_in_a_row += 1
        _, reconstruction, kl, unconditional, _ = values
        term = "gradient" if math.isfinite(kl) else "KL"
        term = term if math.isfinite(reconstruction + unconditional) else "reconstruction"
        if counters.skipped_in_a_row >= MAX_SKIPPED_IN_A_ROW:
            raise TrainingError(
                f"the {term} is not finite in epoch {self._epoch():.2f}, step {counters.step}, the "
                f"{MAX_SKIPPED_IN_A_ROW}rd in a row; {self._task.state_file} holds the last good state: resume with a "
                "lower learning_rate in a new run, or with precision 'fp32'"
            )
        return SkippedStep(step=counters.step, term=term)

    def _epoch(self) -> float:
        return self._state.counters.step / self.batches.steps_per_epoch

    def _report(self) -> Progress:
        counters = self._state.counters
        means = (total / counters.window_steps for total in counters.window_sums)
        loss, reconstruction, kl, unconditional, norm = means
        progress = Progress(
            step=counters.step,
            epoch=self._epoch(),
            share=min(self._share_done(), 1.0),
            loss=loss,
            reconstruction=reconstruction,
            kl=kl,
            unconditional=unconditional if self._config.null_share > 0 else None,
            beta=self._beta(counters.step - 1),
            learning_rate=self._state.optimizer.param_groups[0]["lr"],
            gradient_norm=norm,
            molecules_per_second=counters.window_steps * self.batches.batch_size / counters.window_seconds,
            seconds=counters.seconds,
        )
        counters.window_sums, counters.window_steps, counters.window_seconds = (), 0, 0.0
        return progress

    def _validate(self) -> Iterator[Event]:
        """Validate; keep the model if it is the best so far.

        Every process does the same work here: they would only wait for each other.
        """
        task, counters = self._task, self._state.counters
        with self._state.evaluated() as vae:
            validation = validate(
                vae,
                task.shard,
                task.validation_rows,
                collate=task.collate,
                null_latents=self._state.null_latents,
                beta=self._config.beta,
                step=counters.step,
                seed=step_seed(self._config.seed, counters.step, VALIDATION_NOISE),
                dtype=self.dtype,
                threads=self._threads,
            )
        loss = float(self._processes.largest(torch.tensor([validation.loss], dtype=torch.float64))[0])
        counters.validated_step = counters.step
        is_best = math.isfinite(loss) and (counters.best_loss is None or loss < counters.best_loss)
        if counters.step > self._config.warmup_steps and self._processes.rank == 0:
            warn_of_collapse(validation)
        yield validation
        if not is_best:
            counters.stale_validations += 1
            return
        counters.best_loss, counters.best_step, counters.stale_validations = loss, counters.step, 0
        # The model before the state: a state that says "saved" must never be found without its model.
        self._keep_model(validation)
        yield self._save()

    def _keep_model(self, validation: Validation | None) -> None:
        if self._processes.rank == 0:
            epoch = self._epoch()
            save_model(self._task, self._state, validation, epochs=epoch, dtype=self.dtype, threads=self._threads)

    def _save(self) -> Saved:
        if self._state.counters.best_step is None:
            self._keep_model(None)  # not validated yet, but something to look at
        if self._processes.rank == 0:
            save_state(self._task.state_file, self._state, self._task.header())
        return Saved(step=self._state.counters.step, path=self._task.state_file)
