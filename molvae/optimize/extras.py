"""Libraries of the extra `bo`, imported where they are first needed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from molvae.errors import MissingExtraError


@contextmanager
def bo_extra(package: str) -> Iterator[None]:
    """Import in this block what the extra `bo` brings.

    Raises:
        MissingExtraError: the package is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # linear_operator uses torch.jit.script, which newer versions of torch deprecate
        try:
            yield
        except ModuleNotFoundError as err:
            raise MissingExtraError(package, "bo") from err
