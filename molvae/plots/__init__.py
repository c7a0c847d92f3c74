"""Pictures: functions that take matplotlib axes, or make them, and return them. They need matplotlib (extra `viz`).

Colours are told apart by people with any colour vision, and lines and markers in a print in grey. Names load when
first used; a picture of one part, such as the curves of a training run, is defined beside that part.

>>> import molvae.plots
>>> "latent_map" in dir(molvae.plots)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.optimize.picture import optimization_trace, pareto_plot
    from molvae.plots.check_page import write_check_page
    from molvae.plots.distributions import property_histogram
    from molvae.plots.evaluation import draw_generation, draw_latent, draw_reconstruction
    from molvae.plots.maps import latent_map
    from molvae.plots.strips import interpolation_strip, molecule_grid, neighbor_grid, traversal_strip
    from molvae.plots.tradeoff import rate_distortion
    from molvae.properties.picture import calibration, domain_histogram, errors_by_domain, parity
    from molvae.style import GREY, PALETTE
    from molvae.training.curves import training_curves

__all__ = [
    "GREY",
    "PALETTE",
    "calibration",
    "domain_histogram",
    "draw_generation",
    "draw_latent",
    "draw_reconstruction",
    "errors_by_domain",
    "interpolation_strip",
    "latent_map",
    "molecule_grid",
    "neighbor_grid",
    "optimization_trace",
    "pareto_plot",
    "parity",
    "property_histogram",
    "rate_distortion",
    "training_curves",
    "traversal_strip",
    "write_check_page",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "GREY": "molvae.style",
        "PALETTE": "molvae.style",
        "calibration": "molvae.properties.picture",
        "domain_histogram": "molvae.properties.picture",
        "draw_generation": "molvae.plots.evaluation",
        "draw_latent": "molvae.plots.evaluation",
        "draw_reconstruction": "molvae.plots.evaluation",
        "errors_by_domain": "molvae.properties.picture",
        "interpolation_strip": "molvae.plots.strips",
        "latent_map": "molvae.plots.maps",
        "molecule_grid": "molvae.plots.strips",
        "neighbor_grid": "molvae.plots.strips",
        "optimization_trace": "molvae.optimize.picture",
        "pareto_plot": "molvae.optimize.picture",
        "parity": "molvae.properties.picture",
        "property_histogram": "molvae.plots.distributions",
        "rate_distortion": "molvae.plots.tradeoff",
        "training_curves": "molvae.training.curves",
        "traversal_strip": "molvae.plots.strips",
        "write_check_page": "molvae.plots.check_page",
    },
)
