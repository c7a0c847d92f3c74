"""Finished parts of a long job on the disk: what lets it go on after any kill.

The work is cut into parts of fixed size. A finished part is a file of its own beside the output, written whole or not
at all and marked with the hash of the rows, the model and the settings it came from. A job that is started again reads
its source again, which is cheap, takes over every part whose mark still fits, and computes only the others.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from molvae.datasets.arrays import ARRAY_ERRORS
from molvae.datasets.files import atomic_path, remove_leftovers
from molvae.datasets.locks import sole_writer
from molvae.errors import DataError

Arrays = dict[str, NDArray[Any]]
Progress = Callable[[int], None]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Parts:
    """The finished parts of one output file; `key` names everything but the rows that a part depends on."""

    folder: Path
    key: str

    @classmethod
    def of(cls, out: Path, key: str) -> Parts:
        """Return the parts of `out`, in a hidden folder beside it."""
        folder = out.with_name(f".{out.name}.parts")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, key)

    @classmethod
    @contextmanager
    def alone(cls, out: Path, key: str) -> Iterator[Parts]:
        """Yield the parts of `out` to the only one who writes it.

        Raises:
            InUseError: another process is writing `out`.
        """
        with sole_writer(out.with_name(f".{out.name}.lock"), out):
            remove_leftovers(out)
            yield cls.of(out, key)

    def mark(self, texts: Iterable[str]) -> str:
        """Return the mark of a part with these rows."""
        digest = hashlib.sha256(self.key.encode())
        for text in texts:
            digest.update(b"\n" + text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def holds(self, number: int, mark: str) -> bool:
        """Say whether the part is there, whole, and has this mark."""
        try:
            return str(self.load(number).get("mark")) == mark
        except DataError:
            return False

    def save(self, number: int, mark: str, arrays: Arrays) -> None:
        """Write a part, whole or not at all."""
        with atomic_path(self._path(number)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, mark=np.array(mark), **arrays)

    def load(self, number: int) -> Arrays:
        """Return the arrays of a part.

        Raises:
            DataError: the part is missing or damaged.
        """
        try:
            with self._path(number).open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except ARRAY_ERRORS as err:
            raise DataError(f"{self._path(number)} is missing or damaged: start the job again ({err})") from err

    def remove(self) -> None:
        """Remove the parts, once the output is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.npz"


@dataclass(frozen=True, slots=True)
class Job(Generic[T, R]):
    """One pass over a source in parts: what has no fitting part yet is computed as one stream and saved."""

    parts: Parts
    text: Callable[[T], str]  # what of a row the result depends on
    work: Callable[[Iterator[T]], Iterator[Sequence[R]]]  # rows to results in blocks of any size, one for each row
    arrays: Callable[[list[T], list[R]], Arrays]  # a part as it is stored
    progress: Progress

    def run(self, source: Iterable[tuple[int, list[T]]]) -> tuple[list[int], int]:
        """Finish every part of `source`, given as number and rows; return the numbers and the rows taken over."""
        numbers: list[int] = []
        waiting: deque[tuple[int, str, list[T]]] = deque()
        resumed = 0

        def rows_to_do() -> Iterator[T]:
            nonlocal resumed
            for number, rows in source:
                numbers.append(number)
                mark = self.parts.mark(map(self.text, rows))
                if self.parts.holds(number, mark):
                    resumed += len(rows)
                    self.progress(len(rows))
                else:
                    waiting.append((number, mark, rows))
                    yield from rows

        results: list[R] = []
        for block in self.work(rows_to_do()):
            results += block
            self.progress(len(block))
            while waiting and len(results) >= len(waiting[0][2]):
                number, mark, rows = waiting.popleft()
                self.parts.save(number, mark, self.arrays(rows, results[: len(rows)]))
                del results[: len(rows)]
        assert not waiting, "the work returned fewer results than rows"
        return numbers, resumed


def numbered_parts(rows: Iterable[T], size: int, shard: tuple[int, int]) -> Iterator[tuple[int, list[T]]]:
    """Yield number and rows of the parts of `shard` (i, n): each n-th row, from the i-th on, so that all get some.

    >>> list(numbered_parts("abcdefgh", 2, (2, 3)))
    [(0, ['b', 'e']), (1, ['h'])]
    """
    index, count = shard
    own = islice(rows, index - 1, None, count)
    yield from enumerate(iter(lambda: list(islice(own, size)), []))


def parse_shard(shard: str | None) -> tuple[int, int]:
    """Return i and n of "i/n"; None is the whole, (1, 1).

    Raises:
        ValueError: not two whole numbers with 1 <= i <= n.

    >>> parse_shard("2/10")
    (2, 10)
    """
    if shard is None:
        return 1, 1
    index, slash, count = shard.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise ValueError(f"shard must be 'i/n' with 1 <= i <= n, such as '2/10', got {shard!r}")
    return int(index), int(count)
