"""The official statistics of the MOSES test sets, out of the files that their authors computed.

The files hold pickled objects, which could run anything when loaded. They are not loaded: `pickletools` lists their
instructions without following any, and what is needed are literals among them, texts, numbers and the bytes of arrays.
The files are taken only with their pinned SHA-256, and kept as plain arrays once they are read.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molvae.chem.moses import FINGERPRINT_BITS
from molvae.datasets.catalog import moses_file
from molvae.datasets.downloads import data_folder
from molvae.errors import DataError
from molvae.evaluate.chemnet import ACTIVATIONS
from molvae.evaluate.frechet import Moments
from molvae.evaluate.statistics import Statistics

MOSES_ROWS = {"test": 176_074, "test_scaffolds": 176_225}
_PROPERTIES = {"logP": "logp", "SA": "sa", "QED": "qed", "weight": "weight"}
_TEXTS = ("BINUNICODE", "SHORT_BINUNICODE")
_NUMBERS = ("BININT", "BININT1", "BININT2", "BINFLOAT")


def official_statistics(split: str) -> Statistics:
    """Return the statistics that the authors of MOSES published of a test set, "test" or "test_scaffolds".

    Raises:
        DataError: the MOSES files cannot be had.
    """
    kept = data_folder() / "moses" / f"{split}_statistics.npz"
    try:
        return Statistics.load(kept)
    except DataError:  # not read yet
        statistics = read_official(moses_file(f"{split}_stats.npz"), MOSES_ROWS[split])
        statistics.save(kept)
        return statistics


def read_official(path: Path, rows: int) -> Statistics:
    """Read the statistics of `rows` molecules out of a file of MOSES; nothing in it is executed.

    Raises:
        DataError: it is not built like the files of MOSES.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            literals = list(_literals(archive.read("stats.npy")))
        sections = dict(_sections(literals))
        fingerprints = _array(sections["SNN"], np.uint8).reshape(rows, FINGERPRINT_BITS)
        return Statistics(
            Moments(
                rows,
                _array(sections["mu"], np.float32).astype(np.float64),
                _array(sections["sigma"], np.float64).reshape(ACTIVATIONS, ACTIVATIONS),
            ),
            np.packbits(fingerprints, axis=1, bitorder="little"),  # as RDKit packs its own
            _counter(sections["Frag"]),
            _counter(sections["Scaf"]),
            {name: _values(sections[theirs], rows) for theirs, name in _PROPERTIES.items()},
        )
    except (OSError, ValueError, KeyError, StopIteration, zipfile.BadZipFile) as err:
        raise DataError(f"{path} does not hold the statistics of MOSES: {err}") from err


def _literals(raw: bytes) -> Iterator[str | int | float]:
    """Yield the texts and numbers that the instructions of a pickled array of objects hold, in their order."""
    for instruction, value, _ in pickletools.genops(raw[raw.index(b"\n") + 1 :]):
        if instruction.name in _TEXTS or instruction.name in _NUMBERS:
            assert isinstance(value, str | int | float)
            yield value


def _sections(literals: list[str | int | float]) -> Iterator[tuple[str, list[str | int | float]]]:
    """Yield what stands between one of the known keys and the next; `mu` and `sigma` are keys inside `FCD`."""
    known = ("mu", "sigma", "SNN", "Frag", "Scaf", *_PROPERTIES)
    starts = [index for index, value in enumerate(literals) if value in known]
    for start, end in pairwise([*starts, len(literals)]):
        yield str(literals[start]), literals[start + 1 : end]


def _array(section: list[str | int | float], dtype: type[np.generic]) -> NDArray[Any]:
    """Return the numbers of a pickled array, whose bytes are the longest text of its section."""
    longest = max((value for value in section if isinstance(value, str)), key=len)
    return np.frombuffer(longest.encode("latin-1"), dtype=dtype)


def _counter(section: list[str | int | float]) -> Counter[str]:
    names, counts = section[1::2], section[2::2]  # behind the name of the counter itself
    if not all(isinstance(name, str) for name in names) or not all(isinstance(count, int) for count in counts):
        raise ValueError("a counter must be pairs of a text and a number")
    return Counter(dict(zip(map(str, names), map(int, counts), strict=True)))


def _values(section: list[str | int | float], rows: int) -> NDArray[np.float64]:
    values = np.array([value for value in section if isinstance(value, float)])
    if len(values) != rows:
        raise ValueError(f"{rows:,} values expected, {len(values):,} found")
    return values
