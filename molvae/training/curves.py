"""The picture of a run: loss, its two parts, reconstruction and latent use against molecules seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molvae.datasets.files import atomic_path
from molvae.errors import MissingExtraError
from molvae.training.journal import read_journal

CURVES_FILE = "curves.png"


def draw_curves(run_folder: Path) -> Path:
    """Draw `curves.png` from the record of a run and return its path.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as err:
        raise MissingExtraError("matplotlib", "viz") from err
    records = read_journal(run_folder)
    train = [record for record in records if record["kind"] == "train"]
    validation = [record for record in records if record["kind"] == "validation"]
    figure = Figure(figsize=(11, 7), layout="constrained")
    ((loss, kl), (exact, speed)) = figure.subplots(2, 2)
    _line(loss, train, "reconstruction", "reconstruction, training", color="tab:blue", alpha=0.5)
    _line(loss, validation, "reconstruction", "reconstruction, held out", color="tab:blue", marker="o")
    loss.set(title="Reconstruction", ylabel="nats per molecule", ylim=(0, None))
    _line(kl, train, "kl", "KL, training", color="tab:orange", alpha=0.5)
    _line(kl, validation, "kl", "KL, held out", color="tab:orange", marker="o")
    kl.set(title="Information in z", ylabel="nats per molecule", ylim=(0, None))
    _line(exact, validation, "exact_reconstruction", "molecules", color="tab:green", marker="o")
    _line(exact, validation, "token_accuracy", "tokens", color="tab:gray", marker=".")
    exact.set(title="Greedy reconstruction of held-out molecules", ylabel="share", ylim=(0, 1.02))
    _line(speed, train, "molecules_per_second", "training", color="tab:red", alpha=0.7)
    speed.set(title="Speed", ylabel="molecules per second", ylim=(0, None))
    for axes in (loss, kl, exact, speed):
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    path = run_folder / CURVES_FILE
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path


def _line(axes: Any, records: Sequence[dict[str, Any]], key: str, label: str, **style: Any) -> None:
    if records:
        axes.plot([record["step"] for record in records], [record[key] for record in records], label=label, **style)
