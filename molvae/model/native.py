"""The compiled GRU cell: built from `gru_cell.c` at first use, where a C compiler is found.

Without one, everything runs through `torch.nn.GRU` instead, at about half the speed. The library is kept in the user's
cache folder under a name that holds the hash of its source, compiler flags and processor, so an upgrade or another
machine builds its own. `MOLVAE_NATIVE=0` turns it off.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

SOURCE = Path(__file__).with_name("gru_cell.c")
FUNCTIONS = ("gru_forward_bf16", "gru_forward_float", "gru_backward_bf16", "gru_backward_float")
_POINTERS = {"gru_forward": 8, "gru_backward": 10}
_log = logging.getLogger(__name__)


@functools.cache
def native_cell() -> dict[str, Callable[..., None]] | None:
    """Return the compiled functions by name, or None where they cannot be built (the log says why)."""
    if os.environ.get("MOLVAE_NATIVE") == "0" or sys.platform == "win32":
        return None
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        _log.info("no C compiler found: GRU layers run through torch.nn.GRU")
        return None
    try:
        library = ctypes.CDLL(str(_built(compiler)))
    except (OSError, subprocess.SubprocessError) as err:
        _log.warning("the compiled GRU cell is not used (%s): GRU layers run through torch.nn.GRU", err)
        return None
    functions = {}
    for name in FUNCTIONS:
        function = getattr(library, name)
        function.restype = None
        count = _POINTERS[name.rpartition("_")[0]]
        function.argtypes = [ctypes.c_int64, ctypes.c_int64] + [ctypes.c_void_p] * count
        functions[name] = function
    return functions


def _built(compiler: str) -> Path:
    flags = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"]
    if platform.machine() in ("x86_64", "AMD64"):
        flags.append("-mprefer-vector-width=512")
    key = hashlib.sha256(SOURCE.read_bytes())
    key.update("\0".join([compiler, *flags, platform.platform(), _processor()]).encode())
    folder = _cache_folder()
    library = folder / f"gru_cell-{key.hexdigest()[:16]}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            built = Path(scratch) / "gru_cell.so"
            subprocess.run(
                [compiler, *flags, str(SOURCE), "-o", str(built)], check=True, capture_output=True, timeout=120
            )
            built.replace(library)  # atomic: another process sees the whole library or none
    return library


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "molvae"


def _processor() -> str:
    """Name the processor, since a home folder may be shared by machines whose native instructions differ."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return "".join(sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))}))
