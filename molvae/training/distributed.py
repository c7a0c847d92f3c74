"""One process, or several that average their gradients: the same loop sees the same interface."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from molvae.errors import ConfigError, MissingExtraError


class Processes(Protocol):
    """The processes that train one model together."""

    rank: int
    world_size: int
    device: torch.device

    def average(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the means over the processes of each tensor, the same in every process."""

    def largest(self, values: Tensor) -> Tensor:
        """Return the element-wise largest of the processes' `values`, the same in every process."""

    def wait(self) -> None:
        """Return when every process is here."""

    def close(self) -> None:
        """Leave the group."""


class OneProcess:
    """The usual case: nothing to agree on."""

    rank, world_size = 0, 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def average(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return `tensors`."""
        return list(tensors)

    def largest(self, values: Tensor) -> Tensor:
        """Return `values`."""
        return values

    def wait(self) -> None:
        """Return at once."""

    def close(self) -> None:
        """Do nothing."""


class AcceleratedProcesses:
    """The processes that `accelerate launch` or `torchrun` started, over gloo on CPUs and NCCL on GPUs."""

    def __init__(self, device: str) -> None:
        try:
            from accelerate import Accelerator
        except ImportError as err:
            raise MissingExtraError("accelerate", "train") from err
        self._owns_group = not torch.distributed.is_initialized()
        self._accelerator = Accelerator(cpu=device == "cpu")
        self.rank: int = self._accelerator.process_index
        self.world_size: int = self._accelerator.num_processes
        self.device: torch.device = self._accelerator.device

    def average(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the means over all processes, exchanged as one message."""
        flat: Tensor = self._accelerator.reduce(torch.cat([tensor.flatten() for tensor in tensors]), reduction="mean")
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    def largest(self, values: Tensor) -> Tensor:
        """Return the element-wise largest of all processes' `values`."""
        values = values.to(self.device)
        torch.distributed.all_reduce(values, op=torch.distributed.ReduceOp.MAX)
        return values.cpu()

    def wait(self) -> None:
        """Wait for all processes."""
        self._accelerator.wait_for_everyone()

    def close(self) -> None:
        """Leave the process group, if this object made it."""
        if self._owns_group and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def join_processes(device: str) -> Processes:
    """Return this process, or the group that a launcher has put it in (it sets WORLD_SIZE).

    Args:
        device: "auto", "cpu" or a CUDA device; "auto" takes the GPU where there is one.

    Raises:
        ConfigError: the device does not exist here.
        MissingExtraError: several processes, and accelerate is not installed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return AcceleratedProcesses(device)
    if device == "auto":
        return OneProcess(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    try:
        chosen = torch.device(device)
    except RuntimeError as err:
        raise ConfigError(f"device must be 'auto', 'cpu' or 'cuda', got {device!r}") from err
    if chosen.type not in ("cpu", "cuda") or (chosen.type == "cuda" and not torch.cuda.is_available()):
        raise ConfigError(f"device {device!r} cannot be used here; 'auto' takes what there is")
    return OneProcess(chosen)
