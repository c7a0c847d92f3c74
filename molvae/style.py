"""How pictures look: one palette and one way to get axes, for every package that draws.

matplotlib (extra `viz`) is imported when a picture is drawn, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any colour vision tell apart (doi:10.1038/nmeth.1618); without the yellow,
# which paper swallows. Lines and markers differ as well, for a print in grey.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)
GREY = "#8C8C8C"  # for what others are compared with; seen on white and on black
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
COLORMAP = "viridis"  # even steps of lightness, for any colour vision


def figure(width: float, height: float) -> Figure:
    """Return a figure of this size in inches that belongs to no window: for files.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as err:
        raise MissingExtraError("matplotlib", "viz") from err
    return Figure(figsize=(width, height), layout="constrained")


def axes_or_new(axes: Axes | None, width: float = 6.4, height: float = 4.4) -> Axes:
    """Return the axes given, or those of a new pyplot figure of this size in inches, which a notebook shows.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ImportError as err:
        raise MissingExtraError("matplotlib", "viz") from err
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def ink() -> str:
    """Return the colour of text: black, or white under a dark style of matplotlib."""
    from matplotlib import rcParams

    return str(rcParams["text.color"])


def is_dark(axes: Axes) -> bool:
    """Tell whether what lies behind the axes is dark, so that what is drawn on it must be light."""
    from matplotlib.colors import to_rgba

    red, green, blue, _ = to_rgba(axes.get_figure(root=True).get_facecolor())  # type: ignore[union-attr]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
