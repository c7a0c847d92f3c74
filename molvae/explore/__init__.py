"""A local web page to play with a latent space: map, molecules, sliders, neighbours, paths (extra `explore`).

Names load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.explore.app import create_app
    from molvae.explore.atlas import Atlas
    from molvae.explore.server import LocalServer

__all__ = ["Atlas", "LocalServer", "create_app"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Atlas": "molvae.explore.atlas",
        "LocalServer": "molvae.explore.server",
        "create_app": "molvae.explore.app",
    },
)
