"""Pictures of evaluations: properties beside the reference, sample grids, latent maps."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from molvae import style
from molvae.chem.descriptors import descriptors
from molvae.chem.drawing import draw_grid
from molvae.datasets.files import atomic_path
from molvae.evaluate.generation import GenerationReport
from molvae.evaluate.latent import RADII, LatentReport
from molvae.evaluate.reconstruction import ReconstructionReport
from molvae.evaluate.reference import Reference, draw
from molvae.latent.projection import Plane
from molvae.latent.results import OK
from molvae.latent.space import LatentSpace
from molvae.plots.distributions import property_histogram

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PROPERTIES = ("logp", "sa", "qed", "weight")
_TITLE = ("FCD/Test", "logP", "SA", "QED", "weight")
_MAPPED = 1_000  # points of each kind on a map
_SHOWN = 18  # molecules of a grid


def draw_generation(
    report: GenerationReport, reference: Reference, path: Path, *, space: LatentSpace | None = None, seed: int = 0
) -> None:
    """Draw the properties of samples beside the reference, some samples, and, with a model, where both lie in it.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = style.figure(13, 12 if space is None else 17)
    rows: Any = figure.subfigures(2 if space is None else 3, 1, height_ratios=[3, 5] if space is None else [3, 5, 5])
    for axes, name in zip(rows[0].subplots(1, 4), _PROPERTIES, strict=True):
        groups = {reference.name: reference.test.properties[name], "samples": report.samples.properties[name]}
        property_histogram(groups, name, axes=axes)
    known = {measure.name: measure.value for measures in report.groups.values() for measure in measures}
    titles = [f"{name} {known[name]:.3g}" for name in _TITLE if name in known]
    rows[0].suptitle("Distances: " + ", ".join(titles) if titles else "")
    shown = draw(report.smiles, _SHOWN, seed=seed)
    _show_molecules(rows[1], shown, f"{len(shown)} of {len(report.smiles):,} valid samples")
    if space is not None:
        axes = rows[2].subplots()
        molecules = {reference.name: reference.molecules, "samples": report.smiles}
        encoded = {name: space.encode(draw(smiles, _MAPPED, seed=seed)) for name, smiles in molecules.items()}
        points = {name: encoding.mean[encoding.ok] for name, encoding in encoded.items()}
        plane = Plane.of(points[reference.name])
        for (name, found), color in zip(points.items(), (style.GREY, style.BLUE), strict=True):
            axes.scatter(*plane.place(found).T, s=6, color=color, alpha=0.6, label=f"{name} ({len(found):,})")
        axes.set(title="Posterior means in the two principal directions of the reference", xticks=[], yticks=[])
        axes.legend()
    _save(figure, path)


def draw_reconstruction(report: ReconstructionReport, path: Path) -> None:
    """Draw the shares that come back, how alike the others are, and some that came back changed.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = style.figure(12, 10)
    parts: Any = figure.subfigures(2, 1, height_ratios=[2, 3])
    upper, lower = parts
    bars, histogram = upper.subplots(1, 2)
    names = ("exact", "exact without stereo", "token accuracy", "mean Tanimoto")
    width = 0.8 / max(1, len(report.sources))
    for index, source in enumerate(report.sources):
        figures = {measure.name: measure for measure in report.measures(source)}
        heights = [figures[name].value for name in names]
        count = figures["exact"].of
        label = f"{Path(source).name} ({count:,})"
        color = style.PALETTE[index % len(style.PALETTE)]
        bars.bar(np.arange(len(names)) + width * index, heights, 0.9 * width, label=label, color=color)
    bars.set(ylim=(0, 1.02), ylabel="share", xticks=np.arange(len(names)) + 0.4 - width / 2)
    bars.set_xticklabels(names, fontsize=8)
    if report.sources:
        bars.legend(fontsize=8)
    wrong = [row for row in report.rows if row.status == OK and not row.exact]
    histogram.hist([row.similarity for row in wrong], bins=np.linspace(0, 1, 41), color=style.BLUE)
    histogram.set(xlabel="Tanimoto to the input", ylabel="molecules", title=f"{len(wrong):,} that came back changed")
    pairs = [smiles for row in wrong[: _SHOWN // 2] for smiles in (row.canonical, row.decoded)]
    legends = [text for row in wrong[: _SHOWN // 2] for text in ("given", f"came back ({row.similarity:.2f})")]
    _show_molecules(lower, pairs, "Molecules that came back changed" if pairs else "Every molecule came back", legends)
    _save(figure, path)


def draw_latent(report: LatentReport, path: Path) -> None:
    """Draw a map of real molecules and prior points, and what steps of growing radius lead to.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = style.figure(13, 6)
    space, steps = figure.subplots(1, 2)
    plane = Plane.of(report.molecules.mean)
    real, prior = plane.place(report.molecules.mean), plane.place(report.prior)
    logp = [descriptors(smiles).logp for smiles in report.molecules.smiles if smiles is not None]
    space.scatter(*prior.T, s=8, marker="x", color=style.GREY, alpha=0.4, label=f"prior ({len(prior):,})")
    dots = space.scatter(*real.T, s=8, c=logp, cmap=style.COLORMAP, label=f"molecules ({len(real):,})")
    figure.colorbar(dots, ax=space, label="logP")
    space.set(title="Two principal directions of the posterior means", xticks=[], yticks=[])
    space.legend(loc="upper right")
    figures = {measure.name: measure.value for measure in report.groups["smoothness"]}
    for number, name in enumerate(("Tanimoto", "same molecule", "change of logp", "change of qed")):
        heights = [figures[f"{radius:g} σ: {name}"] for radius in RADII]
        color, line, marker = style.PALETTE[number], style.LINES[number], style.MARKERS[number]
        steps.plot(RADII, heights, label=name, color=color, ls=line, marker=marker)
    steps.set(xlabel="step in posterior standard deviations", title="What a random step decodes to")
    steps.set(ylabel="similarity, share, or change of the property")
    steps.grid(alpha=0.3)
    steps.legend()
    _save(figure, path)


def _show_molecules(
    figure: Any, smiles: Sequence[str | None], title: str, legends: Sequence[str] | None = None
) -> None:
    from matplotlib.image import imread

    axes = figure.subplots()
    axes.set_title(title)
    axes.axis("off")
    if smiles:
        axes.imshow(imread(io.BytesIO(draw_grid(smiles, legends, per_row=6)), format="png"))


def _save(figure: Figure, path: Path) -> None:
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
