"""What `LatentSpace` returns: values that stay aligned with their input rows and read well in a notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from molvae.chem.fingerprints import tanimoto_to
from molvae.chem.tables import SHOWN, html_table
from molvae.latent.frames import frame_of

if TYPE_CHECKING:
    import pandas

OK = "ok"  # the status of a row that was taken; any other status is a reason code of `molvae.chem.Reason`


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Encoding:
    """q(z | x) of `n` input rows, in their order; a refused row has NaN, no SMILES, and its reason."""

    mean: NDArray[np.float32]  # (n, D)
    log_var: NDArray[np.float32]  # (n, D)
    smiles: tuple[str | None, ...]  # canonical isomeric SMILES of what was encoded
    status: tuple[str, ...]  # "ok" or a reason code
    detail: tuple[str, ...]  # the reason in words, "" where the status is "ok"
    notes: tuple[tuple[str, ...], ...]  # harmless changes, such as "stripped"
    frame_index: pandas.Index | None = None  # of the Series that was encoded

    def to_frame(self) -> pandas.DataFrame:
        """Return a table with the columns smiles, status, z0, z1, …, under the index of the Series that was encoded."""
        import pandas

        texts = pandas.DataFrame({"smiles": list(self.smiles), "status": list(self.status)}, index=self.frame_index)
        columns = [f"z{dimension}" for dimension in range(self.mean.shape[1])]
        return pandas.concat([texts, pandas.DataFrame(self.mean, columns=columns, index=texts.index)], axis=1)

    def __len__(self) -> int:
        return len(self.status)

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.intp] | Sequence[int]) -> Encoding:
        chosen = np.arange(len(self))[rows]
        return Encoding(
            self.mean[chosen],
            self.log_var[chosen],
            smiles=tuple(self.smiles[i] for i in chosen),
            status=tuple(self.status[i] for i in chosen),
            detail=tuple(self.detail[i] for i in chosen),
            notes=tuple(self.notes[i] for i in chosen),
            frame_index=None if self.frame_index is None else self.frame_index[chosen],
        )

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Which rows were taken, shape (n,)."""
        return np.array([status == OK for status in self.status], dtype=bool)

    @property
    def refusals(self) -> dict[str, int]:
        """How many rows were refused, by reason code, the most frequent first."""
        return dict(Counter(status for status in self.status if status != OK).most_common())

    @classmethod
    def joined(cls, parts: Sequence[Encoding], latent_dim: int) -> Encoding:
        """Return the rows of all parts as one."""
        if len(parts) == 1:
            return parts[0]
        empty = np.empty((0, latent_dim), dtype=np.float32)
        return cls(
            np.concatenate([empty, *(part.mean for part in parts)]),
            np.concatenate([empty, *(part.log_var for part in parts)]),
            smiles=tuple(row for part in parts for row in part.smiles),
            status=tuple(row for part in parts for row in part.status),
            detail=tuple(row for part in parts for row in part.detail),
            notes=tuple(row for part in parts for row in part.notes),
        )

    def sample(self, *, seed: int | None = None, scale: float = 1.0) -> NDArray[np.float32]:
        """Draw one point per row from q(z | x), shape (n, D), NaN for refused rows.

        Row i gets the same noise for a seed however many rows follow. `scale` multiplies the standard deviation.
        """
        # One stream, row after row: numpy draws a longer array as a continuation of a shorter one.
        noise = np.random.default_rng(seed).standard_normal(self.mean.shape, dtype=np.float32)
        points: NDArray[np.float32] = self.mean + np.float32(scale) * np.exp(0.5 * self.log_var) * noise
        return points

    def __repr__(self) -> str:
        taken = int(self.ok.sum())
        refused = "".join(f", {count:,} {code}" for code, count in self.refusals.items())
        return f"Encoding({taken:,} of {len(self):,} molecules in {self.mean.shape[1]} dimensions{refused})"

    def _repr_html_(self) -> str:
        rows = [
            (self.smiles[i], self.smiles[i], self.status[i], self.detail[i] or ", ".join(self.notes[i]))
            for i in range(min(len(self), SHOWN))
        ]
        columns = ("", "SMILES", "status", "detail")
        return html_table(columns, rows, caption=repr(self), drawn=[""], total=len(self))


class Row(NamedTuple):
    """One molecule through the latent space and back."""

    smiles: str | None  # canonical SMILES of the input, None where refused
    decoded: str | None  # canonical SMILES of what its posterior mean decodes to
    status: str  # "ok" or a reason code

    @property
    def exact(self) -> bool:
        """Whether the same molecule came back, stereo included."""
        return self.smiles is not None and self.smiles == self.decoded


class Neighbor(NamedTuple):
    """A molecule near another one."""

    smiles: str
    similarity: float  # Tanimoto similarity to the query (Morgan, radius 2, 2,048 bits)


class Step(NamedTuple):
    """One point of a path and the molecule there."""

    position: float  # 0 to 1 between two molecules; standard deviations along a direction
    smiles: str | None
    to_start: float  # Tanimoto similarity to the first molecule, NaN where nothing was decoded
    to_end: float  # the same to the last molecule


class Candidate(NamedTuple):
    """One of the n best decodings of a point."""

    smiles: str
    log_probability: float  # nats, of the most likely token sequence that gives this molecule


@dataclass(frozen=True, slots=True, repr=False)
class Reconstruction(Sequence[Row]):
    """Each input molecule, and what its posterior mean decodes to."""

    rows: tuple[Row, ...]
    frame_index: pandas.Index | None = None  # of the Series that was reconstructed

    def to_frame(self) -> pandas.DataFrame:
        """Return a table with the columns smiles, decoded, status and exact, under the index of the Series."""
        rows = ((*row, row.exact) for row in self.rows)
        return frame_of(rows, (*Row._fields, "exact"), self.frame_index)

    @property
    def taken(self) -> int:
        """How many molecules were not refused: the denominator of `rate`."""
        return sum(row.status == OK for row in self.rows)

    @property
    def rate(self) -> float:
        """Share of the taken molecules that came back exactly, NaN if none was taken."""
        return sum(row.exact for row in self.rows) / self.taken if self.taken else float("nan")

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        exact, refused = sum(row.exact for row in self.rows), len(self) - self.taken
        return f"Reconstruction({exact:,} of {self.taken:,} exact, {refused:,} refused)"

    def _repr_html_(self) -> str:
        rows = ((row.smiles, row.decoded, row.exact if row.status == OK else None, row.status) for row in self.rows)
        columns = ("given", "came back", "exact", "status")
        return html_table(columns, rows, caption=repr(self), drawn=columns[:2])


@dataclass(frozen=True, slots=True, repr=False)
class Neighbors(Sequence[Neighbor]):
    """Distinct molecules around `query`, the most similar first; fewer than `asked` if no more were found."""

    query: str  # canonical SMILES
    rows: tuple[Neighbor, ...]
    asked: int
    radius: float  # median of the steps that led to them, in posterior standard deviations
    kept: float = 1.0  # share of the distinct molecules found that hold what was to be kept; NaN if none was found

    def to_frame(self) -> pandas.DataFrame:
        """Return a table with the columns smiles and similarity."""
        return frame_of(self.rows, Neighbor._fields)

    @property
    def smiles(self) -> list[str]:
        """The molecules, without their similarities."""
        return [row.smiles for row in self.rows]

    @property
    def mean_similarity(self) -> float:
        """Mean Tanimoto similarity to the query, NaN if nothing was found."""
        return float(np.mean([row.similarity for row in self.rows])) if self.rows else float("nan")

    @overload
    def __getitem__(self, index: int) -> Neighbor: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Neighbor]: ...
    def __getitem__(self, index: int | slice) -> Neighbor | Sequence[Neighbor]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        lines = (f"  {row.similarity:.2f}  {row.smiles}" for row in self.rows)
        return "\n".join((self._title, *lines))

    @property
    def _title(self) -> str:
        return f"{len(self)} of {self.asked} neighbours of {self.query}, mean similarity {self.mean_similarity:.2f}"

    def _repr_html_(self) -> str:
        rows = [(self.query, "query", self.query), *((row.smiles, row.similarity, row.smiles) for row in self.rows)]
        return html_table(("", "similarity", "SMILES"), rows, caption=self._title, drawn=[""])


@dataclass(frozen=True, slots=True, repr=False)
class Path(Sequence[Step]):
    """The molecules along a path, with their similarity to both ends: its Tanimoto profile."""

    start: str  # canonical SMILES
    end: str | None
    steps: tuple[Step, ...]

    def to_frame(self) -> pandas.DataFrame:
        """Return a table with the columns position, smiles, to_start and to_end."""
        return frame_of(self.steps, Step._fields)

    @property
    def smiles(self) -> list[str | None]:
        """The molecules along the path, without their profile."""
        return [step.smiles for step in self.steps]

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        return self.steps[index]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __repr__(self) -> str:
        title = f"{self._title} (position, similarity to start and end)"
        lines = (
            f"  {step.position:+.2f}  {step.to_start:.2f}  {step.to_end:.2f}  {step.smiles or '–'}"
            for step in self.steps
        )
        return "\n".join((title, *lines))

    @property
    def _title(self) -> str:
        return f"{len(self)} steps from {self.start} to {self.end or '–'}"

    def _repr_html_(self) -> str:
        rows = ((step.smiles, step.position, step.to_start, step.to_end, step.smiles) for step in self.steps)
        columns = ("", "position", "to start", "to end", "SMILES")
        return html_table(columns, rows, caption=self._title, drawn=[""])


def profile(positions: NDArray[np.floating], decoded: Sequence[str | None], start: str, end: str | None) -> Path:
    """Return the path of the molecules decoded at `positions` (n,), with their similarity to both ends."""
    to_start, to_end = _similarities(start, decoded), _similarities(end, decoded)
    steps = zip(positions.tolist(), decoded, to_start, to_end, strict=True)
    return Path(start, end, tuple(Step(*step) for step in steps))


def _similarities(query: str | None, decoded: Sequence[str | None]) -> list[float]:
    """Return the similarity of each decoded molecule to the query, NaN where there is none."""
    result = np.full(len(decoded), np.nan)
    found = [(i, smiles) for i, smiles in enumerate(decoded) if smiles is not None]
    if query is not None and found:
        result[[i for i, _ in found]] = tanimoto_to(query, [smiles for _, smiles in found])
    return [float(value) for value in result]
