"""Reports to TensorBoard, for those who ask for it."""

from __future__ import annotations

from pathlib import Path

from molvae.errors import MissingExtraError
from molvae.training.events import Event, Progress, Validation

_TRAIN = ("loss", "reconstruction", "kl", "beta", "learning_rate", "gradient_norm", "molecules_per_second")
_VALIDATION = (
    "loss", "reconstruction", "kl", "exact_reconstruction", "token_accuracy", "nats_per_token", "active_units",
    "shuffle_gap",
)  # fmt: skip


class Board:
    """Writes each report as TensorBoard scalars into the folder `tensorboard` of a run."""

    def __init__(self, run_folder: Path, *, step: int) -> None:
        """Open the event file; what an earlier part of the run wrote beyond `step` is hidden.

        Raises:
            MissingExtraError: tensorboard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as err:
            raise MissingExtraError("tensorboard", "train") from err
        self._writer = SummaryWriter(str(run_folder / "tensorboard"), purge_step=step + 1 if step else None)

    def __call__(self, event: Event) -> None:
        """Write progress and validations; other events pass."""
        if isinstance(event, Progress):
            self._scalars(event, "train", _TRAIN)
        elif isinstance(event, Validation):
            self._scalars(event, "validation", _VALIDATION)

    def _scalars(self, event: Progress | Validation, group: str, names: tuple[str, ...]) -> None:
        for name in names:
            self._writer.add_scalar(f"{group}/{name}", getattr(event, name), event.step)

    def close(self) -> None:
        """Write what is left and close the file."""
        self._writer.close()
