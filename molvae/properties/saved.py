"""A property model on disk: `property.json`, `property.safetensors`, and the latent space it needs; never pickle.

The folder is untrusted input: the JSON says which arrays there must be, the safetensors header is compared with that
before an array is read, and what the numbers mean is checked where a wrong one could do harm.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from molvae.datasets.files import atomic_folder
from molvae.errors import CheckpointError
from molvae.latent.coder import SHIPPED_MODEL
from molvae.latent.space import LatentSpace
from molvae.model.checkpoint import CARD as SPACE_CARD
from molvae.model.checkpoint import save_checkpoint
from molvae.model.untrusted import MAX_HEADER_BYTES, check_header, read_json, read_plain, size_of
from molvae.properties.domain import Domain
from molvae.properties.embedding import Embedder, Features
from molvae.properties.selection import KINDS, finite_scores
from molvae.properties.targets import FittedTarget

if TYPE_CHECKING:
    from molvae.properties.model import PropertyModel

FORMAT = 2
CARD, ARRAYS, SPACE = "property.json", "property.safetensors", "space"
_MAX_CARD_BYTES, _MAX_BYTES = 1_000_000, 2_000_000_000
_MAX_FEATURES, _MAX_TARGETS, _MAX_ROWS = 4_096, 1_000, 1_000_000
_KEYS = {
    "format", "features", "single", "settings", "targets", "domain_rows", "domain_reference", "surprise",
    "space_sha256", "arrays_sha256", "versions",
}  # fmt: skip
_TARGET_KEYS = {"name", "kind", "sizes", "mean", "spread", "labels", "residuals", "scores"}
_BYTES = {"F64": 8, "I32": 4}


def save_model(folder: Path | str, model: PropertyModel) -> None:
    """Write a fitted model to a folder, whole or not at all; a folder that is no property model is not replaced.

    A model that was fitted to molecules takes its latent space along, unless that is the one inside the package.

    Raises:
        CheckpointError: the folder holds something else.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / CARD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise CheckpointError(f"{folder} holds something else than a property model; name a new folder")
    arrays: dict[str, NDArray[Any]] = {
        "center": model.center_, "scale": model.scale_,
        "domain.points": model.domain_.points, "domain.reference": model.domain_.reference,
        "surprise": model.surprise_,
    }  # fmt: skip
    for t, target in enumerate(model.targets_):
        arrays |= {f"target{t}.{name}": np.asarray(array) for name, array in target.regressor.arrays().items()}
        arrays[f"target{t}.residuals"] = target.residuals
    packed = save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    with atomic_folder(folder) as temporary:
        spaces = list(model.space_sha256_)
        if spaces and not _is_shipped(model.space):
            written = save_checkpoint(temporary / SPACE, _space_of(model).checkpoint)
            spaces = list(dict.fromkeys([*spaces, written.weights_sha256]))
        card = {
            "format": FORMAT,
            "features": model.n_features_in_,
            "single": bool(model.single_),
            "settings": {
                "kind": str(model.kind),
                "outside": float(model.outside),
                "features": str(model.features),
            },
            "targets": [_target_card(target) for target in model.targets_],
            "domain_rows": len(model.domain_.points),
            "domain_reference": len(model.domain_.reference),
            "surprise": len(model.surprise_),
            "space_sha256": spaces,
            "arrays_sha256": hashlib.sha256(packed).hexdigest(),
            "versions": {name: importlib.metadata.version(name) for name in ("molvae", "scikit-learn", "numpy")},
        }
        (temporary / ARRAYS).write_bytes(packed)
        (temporary / CARD).write_text(json.dumps(card, indent=1, allow_nan=False), encoding="utf-8")


def load_model(folder: Path | str, *, space: LatentSpace | Path | str | None = None) -> PropertyModel:
    """Return the model of a folder that `save_model` wrote; `space` replaces the latent space in it.

    Raises:
        CheckpointError: missing, damaged or hostile files; the message says which and why.
    """
    from molvae.properties.model import PropertyModel  # late: it imports this module when it saves

    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"there is no folder {str(folder)!r} with a property model")
    card = _read_card(folder)
    features = _integer(card["features"], "features", 1, _MAX_FEATURES)
    entries = [_checked_target(entry) for entry in card["targets"]]
    specs: dict[str, tuple[tuple[int, ...], str]] = {
        "center": ((features,), "F64"),
        "scale": ((features,), "F64"),
        "domain.points": ((_integer(card["domain_rows"], "domain_rows", 1, _MAX_ROWS), features), "F64"),
        "domain.reference": ((_integer(card["domain_reference"], "domain_reference", 1, _MAX_ROWS),), "F64"),
        "surprise": ((_integer(card["surprise"], "surprise", 0, _MAX_ROWS),), "F64"),
    }
    for t, entry in enumerate(entries):
        own = _specs_of(entry, features)
        specs |= {f"target{t}.{name}": spec for name, spec in own.items()}
        specs[f"target{t}.residuals"] = ((entry["residuals"],), "F64")
    arrays = _read_arrays(folder / ARRAYS, card["arrays_sha256"], specs)
    if (arrays["scale"] <= 0).any():
        raise CheckpointError(f"{folder / ARRAYS}: a scale must be above 0")
    targets = []
    for t, entry in enumerate(entries):
        own_arrays = {name: arrays[f"target{t}.{name}"] for name in _specs_of(entry, features)}
        regressor = KINDS[entry["kind"]].from_arrays(own_arrays, features, entry["sizes"])
        targets.append(
            FittedTarget(
                entry["name"], regressor, entry["mean"], entry["spread"], entry["labels"],
                residuals=arrays[f"target{t}.residuals"], scores=finite_scores(entry["scores"]),
            )
        )  # fmt: skip
    if space is None and (folder / SPACE / SPACE_CARD).exists():
        space = folder / SPACE
    model = PropertyModel(
        entries[0]["kind"] if len(entries) == 1 else "auto",
        space=space,
        outside=_outside(card),
        features=_features(card),
    )
    model.center_, model.scale_, model.targets_ = arrays["center"], arrays["scale"], tuple(targets)
    model.domain_ = Domain(arrays["domain.points"], np.sort(arrays["domain.reference"]))
    model.surprise_ = np.sort(arrays["surprise"])
    model.n_features_in_, model.single_ = features, card["single"] is True and len(targets) == 1
    model.space_sha256_ = tuple(map(str, card["space_sha256"]))
    return model


def _is_shipped(space: object) -> bool:
    return space is None or (not isinstance(space, LatentSpace) and Path(str(space)) == SHIPPED_MODEL)


def _space_of(model: PropertyModel) -> LatentSpace:
    return Embedder.load(model.space, model.features).space


def _target_card(target: FittedTarget) -> dict[str, Any]:
    return {
        "name": target.name, "kind": target.regressor.kind, "sizes": dict(target.regressor.sizes),
        "mean": target.mean, "spread": target.spread, "labels": target.labels, "residuals": len(target.residuals),
        "scores": {kind: float(score) for kind, score in target.scores.items() if math.isfinite(score)},
    }  # fmt: skip


def _read_card(folder: Path) -> dict[str, Any]:
    card = read_json(folder / CARD, _MAX_CARD_BYTES)
    if card.get("format") != FORMAT:
        raise CheckpointError(f"{folder / CARD} has format {str(card.get('format'))[:20]}, not {FORMAT}")
    if wrong := sorted(set(map(str, card)) ^ _KEYS):
        raise CheckpointError(f"{folder / CARD} lacks or adds the key {wrong[0][:80]!r}")
    if not isinstance(card["targets"], list) or not 1 <= len(card["targets"]) <= _MAX_TARGETS:
        raise CheckpointError(f"{folder / CARD}: targets must be a list of 1 to {_MAX_TARGETS:,}")
    if not isinstance(card["space_sha256"], list) or not isinstance(card["settings"], dict):
        raise CheckpointError(f"{folder / CARD}: space_sha256 must be a list and settings an object")
    return card


def _outside(card: dict[str, Any]) -> float:
    return _number(card["settings"].get("outside"), "outside")


def _features(card: dict[str, Any]) -> Features:
    found = card["settings"].get("features", "z")  # a model of an earlier version has no other
    if found not in get_args(Features):
        raise CheckpointError(f"{CARD}: features must be one of {', '.join(get_args(Features))}, got {found!s:.40}")
    return cast(Features, found)


def _checked_target(entry: object) -> dict[str, Any]:
    if not isinstance(entry, dict) or set(entry) != _TARGET_KEYS:
        raise CheckpointError(f"{CARD}: a target must have the keys {', '.join(sorted(_TARGET_KEYS))}")
    if not isinstance(entry["kind"], str) or entry["kind"] not in KINDS:
        raise CheckpointError(f"{CARD}: kind must be one of {', '.join(KINDS)}, got {str(entry['kind'])[:80]!r}")
    if (
        not isinstance(entry["sizes"], dict)
        or not isinstance(entry["scores"], dict)
        or (not isinstance(entry["name"], str) or len(entry["name"]) > 1_000)
    ):
        raise CheckpointError(f"{CARD}: sizes and scores of a target must be objects, its name a text")
    sizes = {str(name): _integer(size, str(name), 1, 2**31 - 1) for name, size in entry["sizes"].items()}
    mean, spread = _number(entry["mean"], "mean"), _number(entry["spread"], "spread")
    counts = {name: _integer(entry[name], name, 0, _MAX_ROWS) for name in ("labels", "residuals")}
    return {**entry, "sizes": sizes, "mean": mean, "spread": spread, **counts}


def _specs_of(entry: dict[str, Any], features: int) -> dict[str, tuple[tuple[int, ...], str]]:
    try:
        return dict(KINDS[entry["kind"]].specs(features, entry["sizes"]))
    except KeyError as err:
        raise CheckpointError(f"{CARD}: the sizes of target {entry['name'][:80]!r} lack {err}") from err


def _read_arrays(path: Path, sha256: object, specs: dict[str, tuple[tuple[int, ...], str]]) -> dict[str, Any]:
    needed = 8 + MAX_HEADER_BYTES + sum(_BYTES[dtype] * size_of(shape) for shape, dtype in specs.values())
    raw = read_plain(path, min(_MAX_BYTES, needed))
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise CheckpointError(f"{path} is not the file that {CARD} names: its SHA-256 differs; copy both again")
    check_header(path, raw, {name: (shape, (dtype,)) for name, (shape, dtype) in specs.items()})
    try:
        arrays = load_arrays(raw)
    except (SafetensorError, ValueError, RuntimeError) as err:
        raise CheckpointError(f"{path} is not a safetensors file: {err}") from err
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise CheckpointError(f"{path}: array {name!r} holds NaN or infinity")
    return dict(arrays)


def _integer(value: object, name: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise CheckpointError(f"{CARD}: {name[:80]} must be a whole number from {low:,} to {high:,}, got {value!s:.40}")
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise CheckpointError(f"{CARD}: {name} must be a finite number, got {value!s:.40}")
    return float(value)
