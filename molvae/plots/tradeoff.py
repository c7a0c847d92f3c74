"""What β buys: reconstruction against the information in z."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from molvae import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rate_distortion(trials: Sequence[Mapping[str, float]], *, label: str = "", axes: Axes | None = None) -> Axes:
    """Draw the rate-distortion curve of models that differ by β (Alemi et al., arXiv:1711.00464).

    Rate is the KL term, distortion the reconstruction term, both in nats per molecule. A point nearer to the lower left
    is better whatever β is; along the curve β trades one for the other, and the sum is an upper bound of -log p(x).

    Args:
        trials: for each model `kl_nats` and `reconstruction_nats`, and if known `beta` and `exact` (the share of
            molecules that come back).
        label: names the curve in the legend.
        axes: where to draw, such as an earlier call returned; None makes them.

    Raises:
        ValueError: no trials, or one without its rate or distortion.
        MissingExtraError: matplotlib is not installed.
    """
    for number, trial in enumerate(trials):
        for name in ("kl_nats", "reconstruction_nats"):
            if name not in trial:
                raise ValueError(f"trial {number} lacks {name!r}; it has {', '.join(trial)}")
    if not trials:
        raise ValueError("trials must hold at least one model, got none")
    axes = style.axes_or_new(axes, 6, 4.4)
    number = len(axes.lines) % 6
    rows = sorted(trials, key=lambda trial: trial["kl_nats"])
    axes.plot(
        [row["kl_nats"] for row in rows], [row["reconstruction_nats"] for row in rows], label=label or None,
        color=style.PALETTE[number], ls=style.LINES[number], marker=style.MARKERS[number],
    )  # fmt: skip
    for row in rows:
        texts = [f"β {row['beta']:g}"] if "beta" in row else []
        texts += [f"{row['exact']:.0%} exact"] if "exact" in row else []
        at = row["kl_nats"], row["reconstruction_nats"]
        axes.annotate("\n".join(texts), at, xytext=(6, 4), textcoords="offset points", fontsize=8)
    axes.set(xlabel="rate: KL (nats per molecule)", ylabel="distortion: reconstruction (nats per molecule)")
    axes.margins(x=0.15, y=0.2)
    axes.grid(visible=True, alpha=0.3)
    if label:
        axes.legend(fontsize=8)
    return axes
