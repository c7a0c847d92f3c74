"""The picture of a run: loss, its two parts, reconstruction and latent use against molecules seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molvae import style
from molvae.datasets.files import atomic_path
from molvae.training.journal import read_journal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES_FILE = "curves.png"
PANELS = 4

Record = Mapping[str, Any]


def training_curves(
    run: Path | str | Sequence[Record], *, axes: Sequence[Axes] | None = None, label: str = ""
) -> Sequence[Axes]:
    """Draw the course of a run into four panels: reconstruction, KL, exact share, speed; return them.

    Args:
        run: its folder, or its records as `read_journal` returns them.
        axes: four panels, such as an earlier call returned, to lay one run over another; None makes them.
        label: names the run in the legends.

    Raises:
        ValueError: not four panels.
        MissingExtraError: matplotlib is not installed.
    """
    records = read_journal(Path(run)) if isinstance(run, Path | str) else run
    if axes is None:
        first = style.axes_or_new(None, 11, 7)
        figure: Any = first.get_figure()
        first.remove()
        axes = list(figure.subplots(2, 2).flat)
    if len(axes) != PANELS:
        raise ValueError(f"axes must be {PANELS} panels, got {len(axes)}")
    _draw(records, axes, label)
    return axes


def draw_curves(run_folder: Path) -> Path:
    """Draw `curves.png` from the record of a run and return its path.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = style.figure(11, 7)
    _draw(read_journal(run_folder), list(figure.subplots(2, 2).flat), "")
    path = run_folder / CURVES_FILE
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path


def _draw(records: Sequence[Record], axes: Sequence[Axes], label: str) -> None:
    train = [record for record in records if record["kind"] == "train"]
    held_out = [record for record in records if record["kind"] == "validation"]
    loss, kl, exact, speed = axes
    own = f"{label}, " if label else ""
    number = sum(line.get_label() == "_run" for line in loss.lines)  # runs that were drawn here before
    loss.plot([], [], label="_run")
    color = style.PALETTE[number % len(style.PALETTE)]
    during, after = {"color": color, "alpha": 0.5}, {"color": color, "marker": style.MARKERS[number % 6]}
    _line(loss, train, "reconstruction", f"{own}training", **during)
    _line(loss, held_out, "reconstruction", f"{own}held out", **after)
    loss.set(title="Reconstruction", ylabel="nats per molecule")
    _line(kl, train, "kl", f"{own}training", **during)
    _line(kl, held_out, "kl", f"{own}held out", **after)
    kl.set(title="Information in z (KL)", ylabel="nats per molecule")
    _line(exact, held_out, "exact_reconstruction", f"{own}molecules", **after)
    _line(exact, held_out, "token_accuracy", f"{own}tokens", color=color, ls="--", marker=".")
    exact.set(title="Greedy reconstruction of held-out molecules", ylabel="share", ylim=(0, 1.02))
    _line(speed, train, "molecules_per_second", f"{own}training", **during)
    speed.set(title="Speed", ylabel="molecules per second")
    for panel in (loss, kl, speed):
        panel.autoscale(axis="y")  # an earlier run may have set the limits
        panel.set_ylim(bottom=0)
    for panel in axes:
        panel.set_xlabel("step")
        panel.grid(visible=True, alpha=0.3)
        if panel.get_legend_handles_labels()[1]:
            panel.legend()


def _line(axes: Axes, records: Sequence[Record], key: str, label: str, **how: Any) -> None:
    known = [record for record in records if record.get(key) is not None]  # NaN is null in the record
    if known:
        axes.plot([record["step"] for record in known], [record[key] for record in known], label=label, **how)
