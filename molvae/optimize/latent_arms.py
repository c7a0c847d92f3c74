"""Arms in latent space: steps from, and paths between, the posteriors of good molecules, and draws from the prior.

Steps are taken in coordinates in which the posterior means of molecules of the model are uncorrelated and of variance
1, so that all directions are alike; there is no box. A point is decoded to its one most likely molecule, and a
molecule that was found so keeps its point: stepping from where the encoder puts it would often start at another one.
How many points decode to what was found before says how far to step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molvae.latent.paths import slerp
from molvae.latent.space import LatentSpace
from molvae.optimize.arms import Arm
from molvae.optimize.population import Draw
from molvae.optimize.strategy import Proposal

_REFERENCE = 512  # molecules that the coordinates are fitted to
SHRINKAGE = 0.05  # of their covariance towards its diagonal: they are few against D²
_REPEATED = 0.3  # share of points that may decode to what is known; more and steps grow, fewer and they shrink
_REMEMBERED = 100_000  # molecules with their points
_STOCK = 128  # molecules drawn from the prior at a time, which takes half as long as a few at a time

Points = NDArray[np.float64]


class Posterior(NamedTuple):
    """q(z | x) of one molecule."""

    mean: NDArray[np.float32]  # (D,)
    sigma: NDArray[np.float32]  # (D,)


class LatentMap:
    """Molecules to their points, remembered, and whitened coordinates of the latent space."""

    def __init__(self, space: LatentSpace, *, seed: int) -> None:
        """Fit the coordinates to molecules that the model writes itself."""
        self.space = space
        self._posteriors: dict[str, Posterior | None] = {}
        self._points: dict[str, NDArray[np.float32]] = {}  # from which a molecule was decoded first
        encoding = space.encode(space.sample(_REFERENCE, seed=seed, prior=space.whole_prior, select=False))
        means = encoding.mean[encoding.ok].astype(np.float64)
        self._center = means.mean(axis=0)
        covariance = np.cov(means, rowvar=False)
        covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance))
        values, vectors = np.linalg.eigh(covariance)
        self._deviations = np.sqrt(np.maximum(values, 1e-9))
        self._axes = vectors
        # Whitened points within it lie where molecules of the model do: 99 of 100 of them.
        self.radius = float(np.quantile(np.linalg.norm(self.whiten(means), axis=1), 0.99))

    def posteriors(self, smiles: Sequence[str]) -> list[Posterior | None]:
        """Return q(z | x) of each molecule, around the point it was decoded from if it was; None where refused."""
        new = [text for text in dict.fromkeys(smiles) if text not in self._posteriors]
        if len(self._posteriors) + len(new) > _REMEMBERED:
            self._posteriors.clear()
            new = list(dict.fromkeys(smiles))
        if new:
            encoding = self.space.encode(new)
            sigma = np.exp(0.5 * encoding.log_var)
            for row, (text, ok) in enumerate(zip(new, encoding.ok, strict=True)):
                mean = self._points.get(text, encoding.mean[row])
                self._posteriors[text] = Posterior(mean, sigma[row]) if ok else None
        return [self._posteriors[text] for text in smiles]

    def decode(self, z: NDArray[np.float32]) -> list[str | None]:
        """Return the molecule of each point (n, D), None for none, and remember the point."""
        decoded = self.space.decode(z)
        if len(self._points) > _REMEMBERED:
            self._points.clear()
        for text, point in zip(decoded, z, strict=True):
            if text is not None:
                self._points.setdefault(text, point.copy())
        return decoded

    def whiten(self, z: NDArray[np.floating]) -> Points:
        """Return points (n, D) in whitened coordinates."""
        whitened: Points = (z - self._center) @ self._axes / self._deviations
        return whitened

    def unwhiten(self, points: Points) -> NDArray[np.float32]:
        """Return whitened points (n, D) as latent points."""
        z: NDArray[np.float32] = ((points * self._deviations) @ self._axes.T + self._center).astype(np.float32)
        return z


class _Steps(ABC):
    """Steps from single molecules; their length adapts to how many lead to what was found before."""

    name = ""
    needs_parents = True
    uses_network = True
    _first, _shortest, _longest = 1.0, 0.01, 100.0

    def __init__(self, latent: LatentMap) -> None:
        self._latent = latent
        self._length = self._first
        self._found: set[str | None] = {None}

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` molecules near the parents."""
        parents = draw(n)
        found = self._latent.posteriors(parents)
        pairs = [(text, known) for text, known in zip(parents, found, strict=True) if known is not None]
        if not pairs:
            return []
        means = np.stack([known.mean for _, known in pairs])
        sigmas = np.stack([known.sigma for _, known in pairs])
        lengths = np.clip(self._length * np.exp2(rng.uniform(-1.5, 1.5, len(pairs))), self._shortest, self._longest)
        decoded = self._latent.decode(self._stepped(means, sigmas, lengths[:, None], rng))
        new = set(decoded) - self._found - set(parents)
        self._found |= new
        factor = 1.15 if len(new) < (1 - _REPEATED) * len(decoded) else 1 / 1.15
        self._length = float(np.clip(self._length * factor, self._shortest, self._longest))
        return [
            Proposal(text, self.name, (parent,))
            for text, (parent, _) in zip(decoded, pairs, strict=True)
            if text is not None and text != parent
        ]

    @abstractmethod
    def _stepped(
        self, means: NDArray[np.float32], sigmas: NDArray[np.float32], lengths: Points, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return the points that steps from posteriors of these means and σ (n, D), of these lengths, lead to."""


class PosteriorNoise(_Steps):
    """Draws from the posterior of a molecule, whose width is scaled."""

    name = "posterior-noise"
    _first, _shortest, _longest = 2.0, 0.5, 20.0  # posterior standard deviations

    def _stepped(
        self, means: NDArray[np.float32], sigmas: NDArray[np.float32], lengths: Points, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        noise = rng.standard_normal(means.shape)
        return (means + lengths * sigmas * noise).astype(np.float32)


class PcnSteps(_Steps):
    """Preconditioned Crank-Nicolson steps (doi:10.1214/13-STS421), which keep a Gaussian cloud as it is."""

    name = "pcn"
    _first, _shortest, _longest = 0.2, 0.05, 0.9  # share of the new draw

    def _stepped(
        self, means: NDArray[np.float32], sigmas: NDArray[np.float32], lengths: Points, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        points = self._latent.whiten(means)
        return self._latent.unwhiten(np.sqrt(1 - lengths**2) * points + lengths * rng.standard_normal(means.shape))


class Slerp:
    """Points on the arc between two molecules."""

    name = "slerp"
    needs_parents = True
    uses_network = True

    def __init__(self, latent: LatentMap) -> None:
        self._latent = latent

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return up to `n` molecules between two parents each."""
        pairs = list(zip(draw(n), draw(n), strict=True))
        firsts = self._latent.posteriors([first for first, _ in pairs])
        seconds = self._latent.posteriors([second for _, second in pairs])
        kept = [
            (pair, known, other)
            for pair, known, other in zip(pairs, firsts, seconds, strict=True)
            if known is not None and other is not None and pair[0] != pair[1]
        ]
        if not kept:
            return []
        starts = self._latent.whiten(np.stack([known.mean for _, known, _ in kept]))
        ends = self._latent.whiten(np.stack([other.mean for _, _, other in kept]))
        steps = rng.uniform(0.1, 0.9, (len(kept), 1, 1))
        between = [slerp(start, end, step)[0] for start, end, step in zip(starts, ends, steps, strict=True)]
        decoded = self._latent.decode(self._latent.unwhiten(np.stack(between)))
        return [
            Proposal(text, self.name, pair)
            for text, (pair, _, _) in zip(decoded, kept, strict=True)
            if text is not None and text not in pair
        ]


class PriorSamples:
    """Molecules that the model writes by itself."""

    name = "prior"
    needs_parents = False
    uses_network = True

    def __init__(self, space: LatentSpace) -> None:
        self._space = space
        self._stock: list[str] = []

    def propose(self, n: int, draw: Draw, rng: np.random.Generator) -> list[Proposal]:
        """Return `n` molecules."""
        while len(self._stock) < n:
            # All that the model writes: a search wants much to choose from, and judges by the objective.
            seed, prior = int(rng.integers(2**48)), self._space.whole_prior
            self._stock += self._space.sample(_STOCK, seed=seed, prior=prior, select=False)
        drawn, self._stock = self._stock[:n], self._stock[n:]
        return [Proposal(text, self.name) for text in drawn]


def latent_arms(space: LatentSpace, *, seed: int) -> list[Arm]:
    """Return the arms that step in the latent space of a model."""
    latent = LatentMap(space, seed=seed)
    return [PcnSteps(latent), PosteriorNoise(latent), Slerp(latent)]
