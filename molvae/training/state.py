"""Everything that the next step depends on, in one file: weights, Adam's moments, averaged weights and counters.

There is no generator to save: the batch and the noise of a step are functions of (seed, step), so a run that is
resumed at a step does what it would have done. One safetensors file, replaced as a whole, so that a kill at any moment
leaves the state of one step and never a mixture of two.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from molvae.datasets.files import atomic_path
from molvae.errors import CheckpointError, ConfigError
from molvae.model.vae import MoleculeVAE
from molvae.settings import settings_from_mapping
from molvae.training.optimizer import Muon

STATE_FILE = "training.safetensors"
_FORMAT = "molvae training state 1"
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass
class Counters:
    """The numbers of a run that change from step to step."""

    step: int = 0  # steps done, skipped ones included
    seconds: float = 0.0  # of work, over all parts of the run
    skipped_steps: int = 0
    skipped_in_a_row: int = 0
    best_loss: float | None = None  # of a validation
    best_step: int | None = None
    stale_validations: int = 0  # since the best one
    validated_step: int | None = None  # of the last validation
    stop_reason: str | None = None
    window_sums: tuple[float, ...] = ()  # of the steps since the last report
    window_steps: int = 0
    window_seconds: float = 0.0


class WeightAverage:
    """An exponential moving average of the weights (Polyak & Juditsky, 10.1137/0330046).

    Early on the decay is (1 + t) / (10 + t), so that the first weights, which are noise, are soon forgotten.
    """

    def __init__(self, parameters: Iterable[Tensor], decay: float) -> None:
        self._parameters = list(parameters)
        self._decay = decay
        self.averages: list[Tensor] = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for average, parameter in zip(self.averages, self._parameters, strict=True):
            average.lerp_(parameter, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages into the model while the block runs."""
        trained = [parameter.detach().clone() for parameter in self._parameters]
        self._put(self.averages)
        try:
            yield
        finally:
            self._put(trained)

    @torch.no_grad()
    def _put(self, weights: list[Tensor]) -> None:
        for parameter, weight in zip(self._parameters, weights, strict=True):
            parameter.copy_(weight)


@dataclass
class TrainingState:
    """A model in training."""

    vae: MoleculeVAE
    optimizer: torch.optim.AdamW  # of all parameters, or of those that `muon` leaves to it
    average: WeightAverage | None
    muon: Muon | None = None
    null_latents: torch.nn.Parameter | None = None  # (S, D), one per source, where the model also learns without z
    counters: Counters = field(default_factory=Counters)

    @property
    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """Everything that is trained, by name, in a fixed order."""
        return trained_parameters(self.vae, self.null_latents)

    @contextmanager
    def evaluated(self) -> Iterator[MoleculeVAE]:
        """Yield the model as it is validated and saved: averaged weights, if there are any, and no dropout."""
        self.vae.eval()
        try:
            if self.average is None:
                yield self.vae
            else:
                with self.average.applied():
                    yield self.vae
        finally:
            self.vae.train()


def trained_parameters(vae: MoleculeVAE, null_latents: torch.nn.Parameter | None) -> dict[str, torch.nn.Parameter]:
    """Return everything that a run trains, by name, in a fixed order."""
    return dict(vae.named_parameters()) | ({} if null_latents is None else {"null_latents": null_latents})


VALIDATION_NOISE = 2**32 - 1  # a rank that no process has: validation must not repeat the noise of training


def step_seed(seed: int, step: int, rank: int = 0, part: int = 0) -> int:
    """Return the seed of the noise of one part of a step in one process; near numbers give unrelated seeds.

    >>> step_seed(0, 1) == step_seed(0, 1), step_seed(0, 1) == step_seed(1, 0)
    (True, False)
    """
    return int(np.random.SeedSequence((seed, step, rank, part)).generate_state(1, np.uint64)[0])


def save_state(path: Path, state: TrainingState, header: Mapping[str, Any]) -> None:
    """Write the state of a run, whole or not at all; `header` is JSON that says which run it is."""
    tensors: dict[str, Tensor] = {}
    optimizer_steps = 0
    for index, (name, parameter) in enumerate(state.parameters.items()):
        tensors[f"weight.{name}"] = parameter.detach()
        moments = state.optimizer.state.get(parameter, {})
        if moments:
            optimizer_steps = int(moments["step"])
            for moment in _MOMENTS:
                tensors[f"{moment}.{name}"] = moments[moment]
        if state.average is not None:
            tensors[f"average.{name}"] = state.average.averages[index]
    if state.muon is not None:
        tensors |= {f"momentum.{name}": momentum for name, momentum in state.muon.momenta.items()}
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    description = {
        "format": _FORMAT,
        "header": header,
        "counters": dataclasses.asdict(state.counters),
        "optimizer_steps": optimizer_steps,
    }
    description["sha256"] = _digest(contiguous, description)
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(contiguous, metadata={"molvae": json.dumps(description)}))


def _digest(tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a state: with a bit flipped on the disk it would go on as another training."""
    rest = {key: value for key, value in description.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_header(path: Path) -> dict[str, Any]:
    """Return the `header` that the state was saved with.

    Raises:
        CheckpointError: the file is missing, damaged or of another format.
    """
    header = _description(path).get("header")
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} does not say which run it belongs to")
    return header


def load_state(path: Path, state: TrainingState) -> None:
    """Put a saved state into `state`, whose parts have been built for the same run.

    Raises:
        CheckpointError: the file is missing, damaged, or of a model of another shape.
    """
    description = _description(path)
    try:
        counters = settings_from_mapping(Counters, description.get("counters"), where=f"{path.name}: counters")
    except ConfigError as err:
        raise CheckpointError(f"{path} is damaged: {err}") from err
    optimizer_steps = description.get("optimizer_steps")
    if not isinstance(optimizer_steps, int):
        raise CheckpointError(f"{path} is damaged: it does not say how many steps the optimizer took")
    names = list(state.parameters)
    kinds = ["weight", *(["average"] if state.average else [])]
    matrices = list(state.muon.momenta) if state.muon is not None else []
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            found = set(file.keys())
            expected = {f"{kind}.{name}" for kind in kinds for name in names}
            expected |= {f"momentum.{name}" for name in matrices}
            if optimizer_steps:
                expected |= {f"{moment}.{name}" for moment in _MOMENTS for name in names if name not in matrices}
            if found != expected:
                raise CheckpointError(f"{path} is of another run: it differs in {sorted(found ^ expected)[0]!r}")
            tensors = {key: file.get_tensor(key) for key in expected}
    except (OSError, SafetensorError) as err:
        raise CheckpointError(f"{path} cannot be read: {err}") from err
    if description.get("sha256") not in (None, _digest(tensors, description)):  # earlier versions wrote none
        raise CheckpointError(f"{path} is damaged: its SHA-256 is not the one that it names; begin the run again")
    _restore(state, tensors, names, optimizer_steps)
    state.counters = counters


@torch.no_grad()
def _restore(state: TrainingState, tensors: Mapping[str, Tensor], names: list[str], optimizer_steps: int) -> None:
    moments: dict[int, dict[str, Tensor]] = {}
    matrices = state.muon.momenta if state.muon is not None else {}
    for index, (name, parameter) in enumerate(state.parameters.items()):
        for key in (f"{kind}.{name}" for kind in ("weight", *_MOMENTS, "average", "momentum")):
            if key in tensors and tensors[key].shape != parameter.shape:
                raise CheckpointError(
                    f"tensor {key!r} must have shape {tuple(parameter.shape)}, got {tuple(tensors[key].shape)}"
                )
        parameter.copy_(tensors[f"weight.{name}"])
        if name in matrices:
            matrices[name].copy_(tensors[f"momentum.{name}"])
        elif optimizer_steps:
            moments[len(moments)] = {moment: tensors[f"{moment}.{name}"] for moment in _MOMENTS} | {
                "step": torch.tensor(float(optimizer_steps))
            }
        if state.average is not None:
            state.average.averages[index].copy_(tensors[f"average.{name}"])
    state.optimizer.load_state_dict({"state": moments, "param_groups": state.optimizer.state_dict()["param_groups"]})


def _description(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            description = json.loads((file.metadata() or {}).get("molvae", "null"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist: there is no run to resume") from None
    except (OSError, SafetensorError, ValueError, RecursionError) as err:
        raise CheckpointError(f"{path} cannot be read: {err}") from err
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        raise CheckpointError(f"{path} is not a training state that this molvae reads ({_FORMAT})")
    return description
