"""Names that load their module when first used, so that `import molvae` loads neither torch nor rdkit (PEP 562)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping


def lazy_exports(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for `package`, given the module that defines each exported name.

    >>> __getattr__, __dir__ = lazy_exports("molvae", {"Vocabulary": "molvae.tokens.vocabulary"})
    >>> __getattr__("Vocabulary").__name__
    'Vocabulary'
    """

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(modules[name]), name)

    return get, lambda: sorted(modules)
