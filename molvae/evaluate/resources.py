"""What an evaluation may use of the machine, and whom it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch

Progress = Callable[[int], None]
# Opens a progress bar with a name and a length, and yields the function that moves it.
Stage = Callable[[str, int], AbstractContextManager[Progress]]


@contextmanager
def silent(name: str, length: int) -> Iterator[Progress]:
    """Show no progress."""
    yield lambda count: None


@dataclass(frozen=True, slots=True)
class Resources:
    """Where to compute; no figure depends on `threads` or `workers`."""

    device: torch.device | str = "cpu"  # of ChemNet and of the similarities
    threads: int | None = None  # of both on a CPU; None for all cores
    workers: int | None = 1  # processes of the chemistry; None for one on each core
    stage: Stage = silent


DEFAULT = Resources()
