"""A trained model on disk: a folder with `weights.safetensors` and `model.json`, never pickle.

A model folder is untrusted input. `model.json` says what the weights must be; the safetensors header is compared with
that before a tensor is read, so a file that claims a vocabulary of a billion symbols costs no memory.

The two files agree at every moment of a save, also one that is killed: `model.json` holds the SHA-256 of its weights,
the weights it replaces stay as `weights.previous.safetensors` until the new `model.json` stands, and a loader takes
whichever of the two files fits.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from molvae.chem.settings import Standardization
from molvae.datasets.files import atomic_path
from molvae.errors import CheckpointError, ConfigError
from molvae.model.config import VAEConfig
from molvae.model.domain import Domain, build_domain, domain_shapes
from molvae.model.priors import LatentPrior, StandardNormal, build_prior, prior_shapes
from molvae.model.untrusted import MAX_HEADER_BYTES, check_header, read_json, read_plain, size_of
from molvae.model.vae import MoleculeVAE, empty_vae
from molvae.settings import settings_from_mapping
from molvae.tokens.constraints import Constraints
from molvae.tokens.vocabulary import Vocabulary

FORMAT = 1
WEIGHTS, PREVIOUS_WEIGHTS, CARD = "weights.safetensors", "weights.previous.safetensors", "model.json"
MAX_CARD_BYTES, MAX_WEIGHT_BYTES = 1_000_000, 2_000_000_000
_KEYS = {
    "format", "architecture", "vocabulary", "constraints", "standardization", "priors", "default_prior",
    "weights_sha256", "versions", "metadata",
}  # fmt: skip
_OPTIONAL = {"domain"}


@dataclass(frozen=True)
class Checkpoint:
    """A model with all that is needed to use it: what its tokens mean, and which molecules it takes."""

    vae: MoleculeVAE
    config: VAEConfig
    vocabulary: Vocabulary
    constraints: Constraints
    standardization: Standardization
    priors: dict[str, LatentPrior] = field(default_factory=dict)  # "normal" is always there
    default_prior: str = "normal"
    metadata: dict[str, Any] = field(default_factory=dict)  # JSON: training data, recipe, metrics, calibrations
    weights_sha256: str = ""  # set when saved or loaded; names the model in reports
    domain: Domain | None = None  # where it knows molecules, once that was measured

    def __post_init__(self) -> None:
        self.priors.setdefault("normal", StandardNormal(self.config.latent_dim))
        if self.default_prior not in self.priors:
            raise ValueError(f"default_prior must be one of {sorted(self.priors)}, got {self.default_prior!r}")


def save_checkpoint(folder: Path | str, checkpoint: Checkpoint) -> Checkpoint:
    """Write a model folder, whole or not at all, and return the checkpoint with its weights' SHA-256."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: weight.detach().cpu().contiguous() for name, weight in checkpoint.vae.state_dict().items()}
    for name, prior in checkpoint.priors.items():
        tensors |= {f"prior.{name}.{key}": value.cpu().contiguous() for key, value in prior.tensors().items()}
    if checkpoint.domain is not None:
        tensors |= {f"domain.{key}": value.cpu().contiguous() for key, value in checkpoint.domain.tensors().items()}
    weights = save_tensors(tensors)
    digest = hashlib.sha256(weights).hexdigest()
    card = {
        "format": FORMAT,
        "architecture": asdict(checkpoint.config),
        "vocabulary": list(checkpoint.vocabulary.symbols),
        "constraints": checkpoint.constraints.as_dict(),
        "standardization": asdict(checkpoint.standardization),
        "priors": {name: {"kind": prior.kind, **prior.sizes()} for name, prior in checkpoint.priors.items()},
        "default_prior": checkpoint.default_prior,
        "weights_sha256": digest,
        "versions": _versions(),
        "metadata": checkpoint.metadata,
        **({"domain": checkpoint.domain.sizes()} if checkpoint.domain is not None else {}),
    }
    text = json.dumps(card, indent=1, allow_nan=False)  # before anything is touched: metadata may not be JSON
    _keep_previous(folder)
    with atomic_path(folder / WEIGHTS) as path:
        path.write_bytes(weights)
    with atomic_path(folder / CARD) as path:
        path.write_text(text, encoding="utf-8")
    (folder / PREVIOUS_WEIGHTS).unlink(missing_ok=True)
    return replace(checkpoint, weights_sha256=digest)


def _keep_previous(folder: Path) -> None:
    """Give the weights that `model.json` names a second name, unless a killed save already did."""
    try:
        named = json.loads((folder / CARD).read_bytes()).get("weights_sha256")
        current = folder / WEIGHTS
        if hashlib.sha256(current.read_bytes()).hexdigest() == named:
            (folder / PREVIOUS_WEIGHTS).unlink(missing_ok=True)
            os.link(current, folder / PREVIOUS_WEIGHTS)
    except (OSError, ValueError, AttributeError):
        return  # no model here yet, or none that is worth keeping


def load_checkpoint(folder: Path | str, *, device: torch.device | str = "cpu") -> Checkpoint:
    """Return the model of a folder written by `save_checkpoint`, on `device`, in evaluation mode.

    Raises:
        CheckpointError: files are missing, damaged, hostile or of another format; the message says which and why.
    """
    folder = Path(folder)
    card = _read_card(folder)
    try:
        config = settings_from_mapping(VAEConfig, card["architecture"], where="architecture")
        standardization = settings_from_mapping(Standardization, card["standardization"], where="standardization")
        constraints = Constraints.from_mapping(_mapping(card, "constraints"))
        vocabulary = Vocabulary(tuple(_list(card, "vocabulary")))
    except CheckpointError:
        raise
    except (ConfigError, ValueError, TypeError) as err:
        raise CheckpointError(f"{folder / CARD}: {err}") from err
    vae = empty_vae(config, vocabulary_size=len(vocabulary))
    kinds, shapes = _read_priors(card, config.latent_dim)
    if str(card["default_prior"]) not in kinds:
        raise CheckpointError(f"{folder / CARD}: default_prior {str(card['default_prior'])[:80]!r} is not in priors")
    expected = {name: tuple(weight.shape) for name, weight in vae.state_dict().items()}
    for name in kinds:
        expected |= {f"prior.{name}.{key}": shape for key, shape in shapes[name].items()}
    regions = domain_shapes(config.latent_dim, card["domain"]) if "domain" in card else {}
    expected |= {f"domain.{key}": shape for key, shape in regions.items()}
    tensors = _read_weights(folder, str(card["weights_sha256"]), expected)
    vae.load_state_dict({name: tensors[name] for name in vae.state_dict()}, assign=True)
    priors = {}
    for name, kind in kinds.items():
        own = {key: tensors[f"prior.{name}.{key}"] for key in shapes[name]}
        priors[name] = build_prior(kind, config.latent_dim, own)
    return Checkpoint(
        vae=vae.to(device).eval(),
        config=config,
        vocabulary=vocabulary,
        constraints=constraints,
        standardization=standardization,
        priors=priors,
        default_prior=str(card["default_prior"]),
        metadata=dict(_mapping(card, "metadata")),
        weights_sha256=str(card["weights_sha256"]),
        domain=build_domain({key: tensors[f"domain.{key}"] for key in regions}) if regions else None,
    )


def _read_priors(card: dict[str, Any], latent_dim: int) -> tuple[dict[str, str], dict[str, dict[str, tuple[int, ...]]]]:
    """Return the kind of each prior of a model, and the shapes of its tensors."""
    kinds, shapes = {}, {}
    for name, entry in _mapping(card, "priors").items():
        if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
            raise CheckpointError(f"{CARD}: prior {name[:80]!r} must be an object with a kind, got {str(entry)[:80]!r}")
        sizes = {key: value for key, value in entry.items() if key != "kind"}
        kinds[name], shapes[name] = entry["kind"], prior_shapes(entry["kind"], latent_dim, sizes)
    return kinds, shapes


def _read_card(folder: Path) -> dict[str, Any]:
    if not folder.exists():
        raise CheckpointError(f"model folder {str(folder)!r} does not exist")
    card = read_json(folder / CARD, MAX_CARD_BYTES)
    if card.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder / CARD} has format {str(card.get('format'))[:20]}, this version reads format {FORMAT}"
        )
    if wrong := sorted((set(map(str, card)) - _OPTIONAL) ^ _KEYS):
        raise CheckpointError(f"{folder / CARD} lacks or adds the key {wrong[0][:80]!r}")
    return card


def _read_weights(folder: Path, sha256: str, expected: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    found = [folder / name for name in (WEIGHTS, PREVIOUS_WEIGHTS) if (folder / name).exists()]
    if not found:
        raise CheckpointError(f"{folder} has no {WEIGHTS}; molvae reads no other weight format")
    limit = min(MAX_WEIGHT_BYTES, 8 + MAX_HEADER_BYTES + 4 * sum(size_of(shape) for shape in expected.values()))
    for path in found:
        raw = read_plain(path, limit)
        if hashlib.sha256(raw).hexdigest() == sha256:
            break
    else:
        raise CheckpointError(f"{found[0]} is not the file that {CARD} names: its SHA-256 differs; copy both again")
    check_header(path, raw, {name: (shape, ("F32", "F16", "BF16")) for name, shape in expected.items()})
    try:
        tensors = load_tensors(raw)
    except (SafetensorError, ValueError, RuntimeError) as err:
        raise CheckpointError(f"{path} is not a safetensors file: {err}") from err
    tensors = {name: tensor.float() for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: tensor {name!r} holds NaN or infinity")
    return tensors


def _mapping(card: dict[str, Any], key: str) -> dict[str, Any]:
    if not isinstance(card[key], dict):
        raise CheckpointError(f"{CARD}: {key} must be an object, got {type(card[key]).__name__}")
    return dict(card[key])


def _list(card: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(card[key], list):
        raise CheckpointError(f"{CARD}: {key} must be a list, got {type(card[key]).__name__}")
    return list(card[key])


def _versions() -> dict[str, str]:
    versions = {}
    for package in ("molvae", "torch", "rdkit", "selfies"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"  # a training node without chemistry
    return versions
