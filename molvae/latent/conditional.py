"""Molecules that hold a scaffold, or whose properties lie in given ranges: proposed by the model, verified by RDKit.

Two ways propose. The model writes molecules from its null latent, beginning with the scaffold where there is one: a
sample of what it knows, from which the wanted ones are taken. Where they are rare, the best ones so far are moved in
latent space: towards the wanted values along ridge regressions of the properties on z, fitted to the molecules seen so
far, with posterior noise. A decoder can write anything from there, so a moved molecule must also be one that the model
might have written: its negative log-likelihood per symbol, from the null latent, is at most that of 95 % of the written
ones. The ways share the tries by how often each has met the wishes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from molvae.chem.descriptors import descriptor_function, descriptor_table
from molvae.chem.growth import Scaffold
from molvae.chem.tables import SHOWN, html_table
from molvae.latent.results import Encoding

Range = tuple[float | None, float | None]  # the least and the greatest value allowed; None for no limit
Write = Callable[[int, int], Sequence[str | None]]  # how many molecules, the number of the first one
Encode = Callable[[Sequence[str]], Encoding]
Decode = Callable[[NDArray[np.float32]], Sequence[str | None]]
Surprise = Callable[[Sequence[str]], NDArray[np.float32]]  # nats per symbol of molecules (n,), NaN where refused

BATCH = 256  # tries between two decisions; the same for any n, so that a longer sample begins with a shorter one
TRIES = (20, 10_000)  # for each molecule asked for, and besides: where a search ends
_PARENTS = 64  # molecules that are moved
_FITTED = 1_000  # molecules seen last that the regressions are fitted to
_RADII = (0.5, 4.0)  # posterior standard deviations of noise
_LIKELY = 0.95  # quantile of the surprise of written molecules that a moved one must not exceed
_REACH = (0.5, 2.0)  # of a move: 1 leads to the nearest wanted value if the regressions are right
_PENALTY = 10.0  # of the ridge regressions, on standardized points and values


@dataclass(frozen=True, slots=True, repr=False)
class ConditionalSamples(Sequence[str]):
    """Distinct molecules that meet every wish, in the order found; fewer than `asked` if `limit` tries gave no more."""

    smiles: tuple[str, ...]  # canonical
    asked: int
    tried: int  # molecules that the model proposed, repeated and empty ones included
    met: int  # those of them that meet every wish, repeated ones included
    limit: int
    ways: Mapping[str, tuple[int, int]]  # "written" and "moved": how many were proposed, how many of them met

    @property
    def success_rate(self) -> float:
        """Share of the proposed molecules that met every wish, NaN if none was proposed."""
        return self.met / self.tried if self.tried else math.nan

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.smiles[index]

    def complete(self) -> list[str]:
        """Return the molecules.

        Raises:
            ValueError: there are fewer than were asked for.
        """
        if len(self) < self.asked:
            raise ValueError(
                f"{self.tried:,} tries gave {len(self):,} of {self.asked:,} molecules that meet every wish: ask for "
                "fewer, widen the conditions, or take what was found from `sample_conditional`"
            )
        return list(self.smiles)

    def __len__(self) -> int:
        return len(self.smiles)

    def __iter__(self) -> Iterator[str]:
        return iter(self.smiles)

    def __repr__(self) -> str:
        ways = ", ".join(f"{name} {met:,} of {tried:,}" for name, (tried, met) in self.ways.items())
        return (
            f"ConditionalSamples({len(self):,} of {self.asked:,} molecules; "
            f"{self.success_rate:.1%} of {self.tried:,} tries met the wishes: {ways})"
        )

    def _repr_html_(self) -> str:
        rows = ((smiles, smiles) for smiles in self.smiles[:SHOWN])
        return html_table(("", "SMILES"), rows, caption=repr(self), drawn=[""], total=len(self))


class Wishes:
    """What a molecule must hold, and between which values its properties must lie, both ends allowed."""

    def __init__(self, scaffold: Scaffold | None, conditions: Mapping[str, Range]) -> None:
        """Take a scaffold and ranges of `molvae.chem.Descriptors`.

        Raises:
            ConfigError: no descriptor has one of these names.
            ValueError: a range that is no pair of numbers in rising order.
        """
        self.scaffold, self.names = scaffold, tuple(conditions)
        bounds = np.empty((len(conditions), 2))
        for row, (name, given) in enumerate(conditions.items()):
            descriptor_function(name)
            if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2:
                raise ValueError(f"the condition on {name} must be a pair (least, greatest), got {given!r}")
            low, high = given
            bounds[row] = -math.inf if low is None else low, math.inf if high is None else high
            if not bounds[row, 0] <= bounds[row, 1]:
                raise ValueError(
                    f"the condition on {name} must be a pair (least, greatest) in rising order, got {given!r}"
                )
        self.low, self.high = bounds.T

    def values(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """Return the properties that have conditions, shape (n, P)."""
        return descriptor_table(smiles, self.names)

    def missing(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much must be added to each value (n, P) until it is allowed; 0 where it is."""
        return np.clip(values, self.low, self.high) - values


@dataclass
class Search:
    """The tries of one sample."""

    wishes: Wishes
    write: Write
    encode: Encode
    decode: Decode
    rng: np.random.Generator
    known: Container[str] = ()
    surprise: Surprise | None = None  # of a model that writes molecules without z
    found: dict[str, None] = field(default_factory=dict)
    written: list[int] = field(default_factory=lambda: [0, 0])  # tried, met
    moved: list[int] = field(default_factory=lambda: [0, 0])
    seen: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # with the scaffold, and their properties (P,)
    most_surprising: float | None = None  # that a moved molecule may be

    def run(
        self, n: int, limit: int | None = None, progress: Callable[[int], None] = lambda molecules: None
    ) -> ConditionalSamples:
        """Try until `n` molecules are found, or `limit` have been proposed, 20·n + 10,000 by default."""
        if limit is None:
            limit = TRIES[0] * n + TRIES[1]
        while len(self.found) < n and self.written[0] + self.moved[0] < limit:
            before, share = len(self.found), self._share_moved()
            moved = round(share * BATCH)
            self._take(self.write(BATCH - moved, self.written[0]), self.written)
            if moved:
                self._take(self._likely(self._move(moved)), self.moved)
            progress(min(n, len(self.found)) - before)
        ways = {"written": self.written, "moved": self.moved}
        return ConditionalSamples(
            smiles=tuple(self.found)[:n],
            asked=n,
            tried=self.written[0] + self.moved[0],
            met=self.written[1] + self.moved[1],
            limit=limit,
            ways={name: (tried, met) for name, (tried, met) in ways.items() if tried},
        )

    def _share_moved(self) -> float:
        """Return which share of the next tries are moves: by how often each way has met, a twentieth at least."""
        if not self.wishes.names or len(self.seen) < 2 * len(self.wishes.names) + 8:
            return 0.0
        rates = [(met + 1) / (tried + 2) for tried, met in (self.written, self.moved)]
        return float(np.clip(rates[1] / sum(rates), 0.05, 0.95)) if self.written[1] < 0.2 * self.written[0] else 0.0

    def _take(self, proposed: Sequence[str | None], counts: list[int]) -> None:
        """Verify proposed molecules; keep those that meet the wishes, and remember the properties of all."""
        scaffold = self.wishes.scaffold
        counts[0] += len(proposed)
        held = [text for text in proposed if text is not None and (scaffold is None or scaffold.is_in(text))]
        values = self.wishes.values(held)
        meets = (self.wishes.missing(values) == 0).all(axis=1)
        counts[1] += int(meets.sum())
        for text, row, met in zip(held, values, meets, strict=True):
            if self.wishes.names:
                self.seen.setdefault(text, row)
            if met and text not in self.known:
                self.found.setdefault(text)

    def _likely(self, proposed: Sequence[str | None]) -> list[str | None]:
        """Return the proposed molecules, None in place of those that the model would hardly write."""
        if self.surprise is None:
            return list(proposed)
        if self.most_surprising is None:  # `seen` holds written molecules only until now
            self.most_surprising = float(np.nanquantile(self.surprise(list(self.seen)), _LIKELY))
        texts = [text for text in proposed if text is not None]
        likely = iter(self.surprise(texts) <= self.most_surprising)
        return [text if text is not None and next(likely) else None for text in proposed]

    def _move(self, count: int) -> Sequence[str | None]:
        """Return `count` molecules near the best ones seen, moved towards the wanted values."""
        smiles = list(self.seen)
        values = np.array(list(self.seen.values()))
        scale = values.std(axis=0) + 1e-9
        distance = np.abs(self.wishes.missing(values) / scale).sum(axis=1)
        best = np.argsort(distance, kind="stable")[:_PARENTS]
        fitted = np.arange(max(0, len(smiles) - _FITTED), len(smiles))
        rows = np.concatenate([best, fitted])
        encoding = self.encode([smiles[i] for i in rows])
        ok = encoding.ok  # a molecule that the model wrote may be one that it does not read
        parents = np.flatnonzero(ok[: len(best)])
        if len(parents) == 0:
            return []
        z = encoding.mean[ok].astype(np.float64)
        spread = z.std(axis=0) + 1e-9
        weights = _ridge((z - z.mean(axis=0)) / spread, (values[rows[ok]] - values.mean(axis=0)) / scale)
        chosen = self.rng.choice(parents, count)
        wanted = self.wishes.missing(values[best[chosen]]) / scale  # (count, P)
        # The shortest step in standardized space that the regressions hold to change the properties so much.
        gram = weights.T @ weights
        damping = 1e-3 * np.trace(gram) + 1e-12  # a property that is the same for all molecules has no weights
        step = wanted @ np.linalg.solve(gram + damping * np.eye(len(gram)), weights.T) * spread
        reach = self.rng.uniform(*_REACH, (count, 1))
        radius = np.exp(self.rng.uniform(math.log(_RADII[0]), math.log(_RADII[1]), (count, 1)))
        noise = radius * np.exp(0.5 * encoding.log_var[chosen]) * self.rng.standard_normal(step.shape)
        return self.decode((encoding.mean[chosen] + reach * step + noise).astype(np.float32))


def _ridge(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ridge weights (D, P) of values (n, P) on points (n, D)."""
    return np.asarray(np.linalg.solve(x.T @ x + _PENALTY * np.eye(x.shape[1]), x.T @ y), dtype=np.float64)
