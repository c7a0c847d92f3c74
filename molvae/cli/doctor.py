"""`molvae doctor`: what is installed here, what it can do, and the command that adds what is missing."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import click

import molvae
from molvae.cli.options import debug_option, json_option
from molvae.cli.output import show
from molvae.errors import MolvaeError

CORE = (
    "torch",
    "rdkit",
    "selfies",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "safetensors",
    "joblib",
    "click",
    "tqdm",
)
EXTRAS = {
    "viz": ("matplotlib",),
    "data": ("pooch",),
    "metrics": ("fcd_torch",),
    "scale": ("dask", "distributed", "pyarrow"),
    "search": ("usearch",),
    "train": ("accelerate", "tensorboard"),
    "uq": ("mapie",),
    "bo": ("botorch", "cma"),
    "explore": ("flask", "waitress"),
}


@click.command()
@json_option
@debug_option
def doctor(as_json: bool) -> int:
    """Show versions, device, threads, data sets found and extras missing.

    \b
    Example:
      molvae doctor
    """
    versions = {name: _version(name) for name in CORE}
    absent = [name for name, found in versions.items() if found is None]
    report: dict[str, object] = {
        "molvae": molvae.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        **{name: found or "MISSING" for name, found in versions.items()},
    }
    if not absent:
        report |= _computing() | {"chemistry": _chemistry(), "data sets": _data_sets()}
    for extra, packages in EXTRAS.items():
        lacking = [name for name in packages if _version(name) is None]
        report[f"extra {extra}"] = (
            f"pip install 'molvae[{extra}]' adds {', '.join(lacking)}" if lacking else "installed"
        )
    report["verdict"] = f"lacks {', '.join(absent)}: pip install molvae" if absent else "ready"
    show(report, as_json=as_json)
    return 1 if absent else 0


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _computing() -> dict[str, object]:
    import torch

    from molvae.model.precision import bf16_supported

    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    device = "cuda" if gpus else "cpu"
    return {
        "device": f"cuda: {', '.join(gpus)}" if gpus else f"cpu ({platform.processor() or platform.machine()})",
        "threads": torch.get_num_threads(),
        "precision": "bf16 and fp32" if bf16_supported(torch.device(device)) else "fp32 (bf16 would be slower here)",
    }


def _chemistry() -> str:
    from molvae.chem.settings import Standardization
    from molvae.tokens import DEFAULT_CONSTRAINTS, tokenize

    aspirin = tokenize("CC(=O)Oc1ccccc1C(=O)O", Standardization(), DEFAULT_CONSTRAINTS, verify=True)
    return f"SMILES to SELFIES and back is exact for aspirin ({len(aspirin.symbols)} symbols)"


def _data_sets() -> str:
    from molvae.datasets import list_datasets

    try:
        return ", ".join(
            f"{entry.name} ({'here' if entry.is_available else 'to download'})" for entry in list_datasets()
        )
    except MolvaeError as error:
        return str(error)
