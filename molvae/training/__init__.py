"""Training: schedules, the loop, resume. Needs torch, numpy and safetensors; neither rdkit nor selfies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.training.config import TrainConfig
    from molvae.training.curves import draw_curves, training_curves
    from molvae.training.events import Event, Progress, Saved, SkippedStep, Started, TrainResult, Validation
    from molvae.training.journal import read_journal
    from molvae.training.run import fine_tune, train

__all__ = [
    "Event",
    "Progress",
    "Saved",
    "SkippedStep",
    "Started",
    "TrainConfig",
    "TrainResult",
    "Validation",
    "draw_curves",
    "fine_tune",
    "read_journal",
    "train",
    "training_curves",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Event": "molvae.training.events",
        "Progress": "molvae.training.events",
        "Saved": "molvae.training.events",
        "SkippedStep": "molvae.training.events",
        "Started": "molvae.training.events",
        "TrainConfig": "molvae.training.config",
        "TrainResult": "molvae.training.events",
        "Validation": "molvae.training.events",
        "draw_curves": "molvae.training.curves",
        "fine_tune": "molvae.training.run",
        "read_journal": "molvae.training.journal",
        "train": "molvae.training.run",
        "training_curves": "molvae.training.curves",
    },
)
