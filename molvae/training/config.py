"""The settings of a training run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from molvae.errors import ConfigError
from molvae.settings import require

DEFAULT_EPOCHS = 20

# A model that knows molecules already moves in smaller steps, or it forgets them before it learns new ones.
FINE_TUNING: dict[str, Any] = {"learning_rate": 5e-4, "matrix_learning_rate": 5e-3}

# What a resumed run may change: how long it goes on, and what is reported. Everything else would make it another run.
RESUMABLE = frozenset(
    {
        "epochs", "max_steps", "max_minutes", "validate_every", "patience", "checkpoint_every_minutes", "log_every",
        "tensorboard", "threads",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a VAE is trained; all losses and their weights are in nats per molecule.

    A run ends at the first of `epochs`, `max_steps` and `max_minutes` that is set; with none set, after 20 epochs. The
    learning rate follows a cosine to its end at that same point. So a run limited by steps is a pure function of these
    settings and the data, and one limited by minutes follows the clock.

    >>> TrainConfig(beta=0.1, max_minutes=10).beta
    0.1
    """

    epochs: float | None = None
    max_steps: int | None = None
    max_minutes: float | None = None

    batch_size: int = 128  # molecules per step, over all processes
    optimizer: Literal["adamw", "muon"] = "adamw"  # "muon": it takes the GRU matrices, AdamW the rest
    learning_rate: float = 2e-3  # of AdamW, at the end of the warm-up
    matrix_learning_rate: float = 0.01  # of "muon", at the end of the warm-up
    final_learning_rate: float = 0.02  # as a share of the learning rates
    warmup_steps: int = 200
    weight_decay: float = 0.0
    gradient_clip: float = 1.0  # largest norm of the gradient over all parameters
    ema_decay: float | None = None  # None: the model that is saved holds the trained weights themselves

    beta: float = 0.05  # weight of the KL term, at its peak
    beta_schedule: Literal["constant", "linear", "cyclical"] = "linear"
    beta_warmup_steps: int = 1_000  # of "linear"; the length of one cycle of "cyclical"
    free_bits: float = 0.0  # nats per latent dimension, on average over a thread's molecules

    null_share: float = 0.5  # of the molecules, written from a learned null latent per source instead of their z
    balance: float = 0.0  # 0: every molecule alike; 1: every source alike, and rare symbols as often as common ones

    validation_size: int = 2_000  # molecules held out, at most a tenth of the data
    validate_every: int = 500  # steps
    patience: int | None = None  # validations without a better loss before an early stop; None: never

    checkpoint_every_minutes: float = 3.0
    log_every: int = 20  # steps
    tensorboard: bool = False

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    threads: int | None = None  # that share the molecules of a step on CPU; None: one per processor
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "max_steps", "max_minutes"):
            value = getattr(self, name)
            require(value is None or 0 < value < 1e9, name, "above 0, or None", value)
        for name in ("batch_size", "validate_every", "log_every", "beta_warmup_steps"):
            require(1 <= getattr(self, name) <= 10**9, name, "at least 1", getattr(self, name))
        for name in ("warmup_steps", "validation_size"):
            require(0 <= getattr(self, name) <= 10**9, name, "at least 0", getattr(self, name))
        for name in ("patience", "threads"):
            value = getattr(self, name)
            require(value is None or 1 <= value <= 10**6, name, "at least 1, or None", value)
        for name in ("learning_rate", "matrix_learning_rate", "gradient_clip", "checkpoint_every_minutes"):
            require(0 < getattr(self, name) < 1e9, name, "above 0", getattr(self, name))
        for name in ("beta", "free_bits", "weight_decay"):
            require(0 <= getattr(self, name) < 1e6, name, "at least 0", getattr(self, name))
        require(
            0 <= self.final_learning_rate <= 1, "final_learning_rate", "a share from 0 to 1", self.final_learning_rate
        )
        require(0 <= self.null_share <= 0.9, "null_share", "a share from 0 to 0.9", self.null_share)
        require(0 <= self.balance <= 1, "balance", "from 0 to 1", self.balance)
        ema = self.ema_decay
        require(ema is None or 0 < ema < 1, "ema_decay", "above 0 and below 1, or None", ema)
        require(0 <= self.seed < 2**63, "seed", "from 0 to 2^63 - 1", self.seed)
        require(self.optimizer in ("muon", "adamw"), "optimizer", "'muon' or 'adamw'", self.optimizer)
        schedules = ("constant", "linear", "cyclical")
        require(self.beta_schedule in schedules, "beta_schedule", f"one of {schedules}", self.beta_schedule)
        require(self.precision in ("auto", "bf16", "fp32"), "precision", "'auto', 'bf16' or 'fp32'", self.precision)

    def total_steps(self, steps_per_epoch: int) -> int | None:
        """Return the step at which the run ends, or None where only the clock ends it.

        >>> TrainConfig(epochs=1.5, max_steps=100).total_steps(40)
        60
        """
        epochs = self.epochs
        if epochs is None and self.max_steps is None and self.max_minutes is None:
            epochs = DEFAULT_EPOCHS
        limits = [self.max_steps, None if epochs is None else max(1, round(epochs * steps_per_epoch))]
        return min((limit for limit in limits if limit is not None), default=None)


def check_same_run(stored: object, given: object, *, free: frozenset[str] = frozenset()) -> None:
    """Check that a run is resumed with the settings it started with; the fields named in `free` may differ.

    Raises:
        ConfigError: a setting differs.
    """
    assert dataclasses.is_dataclass(stored)
    assert dataclasses.is_dataclass(given)
    for field in dataclasses.fields(stored):
        before, now = getattr(stored, field.name), getattr(given, field.name)
        if before != now and field.name not in free:
            raise ConfigError(
                f"{field.name} was {before!r} when this run started and is now {now!r}: "
                "resume with the same setting, or start another run folder"
            )
