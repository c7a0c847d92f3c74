"""What a training run reports while it works; the loop yields these, and files, pictures and bars are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from molvae.chem.tables import html_table

StopReason = Literal["finished", "early stopping", "interrupted"]


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins, or goes on where it was."""

    run_folder: Path
    step: int  # steps done before, 0 for a new run
    total_steps: int | None  # None: only the clock ends the run
    steps_per_epoch: int
    train_molecules: int
    validation_molecules: int
    parameters: int
    device: str
    precision: str  # "bfloat16" or "float32"
    processes: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Means over the steps since the last report, in nats per molecule."""

    step: int  # steps done
    epoch: float
    share: float  # of the run, 0 to 1
    loss: float  # reconstruction + β·KL, free bits included
    reconstruction: float
    kl: float
    unconditional: float | None  # -log p(x | null latent), where the model also learns without z
    beta: float
    learning_rate: float
    gradient_norm: float  # before clipping
    molecules_per_second: float
    seconds: float  # since the run began, all its parts together


@dataclass(frozen=True, slots=True)
class Validation:
    """The model on molecules that it was not trained on; nats per molecule unless said otherwise."""

    step: int
    molecules: int
    loss: float  # reconstruction + β·KL at the β of the end of the schedule, so that values can be compared
    reconstruction: float  # at one draw from the posterior
    kl: float
    exact_reconstruction: float  # share of molecules that greedy decoding of the posterior mean gives back exactly
    token_accuracy: float  # share of tokens predicted right from the posterior mean and the true tokens before
    nats_per_token: float  # reconstruction per token, the end token included
    active_units: int  # latent dimensions whose posterior mean varies (Burda et al., arXiv:1509.00519)
    shuffle_gap: float  # nats per token that reconstruction loses with another molecule's z; 0: the decoder ignores z
    kl_per_dimension: tuple[float, ...]  # (D,)
    exact_by_source: dict[str, float]  # `exact_reconstruction` of the molecules of each source
    unconditional: float | None  # -log p(x | null latent of its source), where the model also learns without z
    seconds: float  # that the validation took


@dataclass(frozen=True, slots=True)
class Saved:
    """The run can be resumed from here."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class SkippedStep:
    """A step whose gradient was not finite; the weights stay as they were."""

    step: int
    term: str  # "reconstruction", "KL" or "gradient"


Event = Started | Progress | Validation | Saved | SkippedStep


@dataclass(frozen=True, slots=True)
class TrainResult:
    """How a run ended."""

    run_folder: Path
    stop_reason: StopReason
    steps: int
    epochs: float
    molecules: int  # seen, repetitions counted
    seconds: float
    skipped_steps: int
    best_step: int | None  # step of the saved model; None before the first validation
    validation: Validation | None  # of the saved model; None without validation molecules

    def _repr_html_(self) -> str:
        rows: list[tuple[str, object]] = [
            ("model", str(self.run_folder)),
            ("ended", self.stop_reason),
            ("steps, epochs", f"{self.steps:,}, {self.epochs:.2f}"),
            ("molecules seen", self.molecules),
            ("minutes", self.seconds / 60),
            ("steps skipped", self.skipped_steps),
            ("step of the saved model", self.best_step),
        ]
        if (held_out := self.validation) is not None:
            rows += [
                ("held-out molecules", held_out.molecules),
                ("exact reconstruction", f"{held_out.exact_reconstruction:.1%}"),
                ("reconstruction, nats", held_out.reconstruction),
                ("KL, nats", held_out.kl),
                ("active units", held_out.active_units),
            ]
        return html_table(("", ""), rows, caption="TrainResult")
