"""Gaussian processes on latent points, and the batches that they advise: BoTorch's parts (arXiv:1910.06403).

There is one process for each goal and for each bounded value. The kernel is Matérn 5/2 with a single length: on means
of the shipped model, a length for each of the 128 axes took seven times as long and predicted no better, and neither
did whitened axes. So distances are those of the latent space itself, divided by the spread of its molecules.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.optimize.aims import scalarized
from molvae.optimize.extras import bo_extra
from molvae.optimize.latent_record import Floats, LatentRecord

with bo_extra("botorch"):
    from botorch.acquisition import qLogExpectedImprovement
    from botorch.acquisition.objective import GenericMCObjective
    from botorch.exceptions import ModelFittingError
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.sampling import SobolQMCNormalSampler
    from botorch.utils.multi_objective.scalarization import get_chebyshev_scalarization
    from botorch.utils.sampling import manual_seed
    from gpytorch.constraints import GreaterThan
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from gpytorch.priors import GammaPrior, LogNormalPrior
    from linear_operator.utils.warnings import NumericalWarning

_ROWS = 1_000  # molecules of a process: the best half and the latest, so that a fit takes seconds however long a search
_SAMPLES = 128  # of the posterior, for a batch
_HOPEFUL = 60  # candidates, beside four for each pick, that a batch is put together from
_BLOCK = 256  # candidates at a time: each stands beside all picks of the batch so far


class LatentProcess:
    """Processes conditioned on a record; made anew for each round, with the lengths of the last one to start from."""

    def __init__(
        self, record: LatentRecord, rows: NDArray[np.intp], *, before: LatentProcess | None, seed: int
    ) -> None:
        """Fit to `rows` of the record, at least two, by their marginal likelihood under weak priors."""
        self._aim, self._seed = record.aim, seed
        zero = np.zeros((1, record.points.shape[1]))
        axes = record.latent.unwhiten(np.eye(zero.shape[1])) - record.latent.unwhiten(zero)
        self._axes = torch.from_numpy(axes / np.linalg.norm(axes)).double()  # to a mean length of 1
        rows = _fewer(record, rows)
        self._y = torch.from_numpy(np.column_stack([record.targets[rows], record.bounded[rows]]))
        self._feasible = torch.from_numpy(record.feasible[rows])
        outputs = self._y.shape[1]
        shape = torch.Size([outputs] if outputs > 1 else [])
        matern = MaternKernel(
            nu=2.5, batch_shape=shape, lengthscale_prior=LogNormalPrior(0.0, 0.75),
            lengthscale_constraint=GreaterThan(0.01, initial_value=1.0),
        )  # fmt: skip
        kernel = ScaleKernel(matern, batch_shape=shape, outputscale_prior=GammaPrior(2.0, 1.0))
        with warnings.catch_warnings(), manual_seed(seed):
            warnings.simplefilter("ignore")  # a fit that ends at a bound is a fit
            self.model = SingleTaskGP(self.inputs(torch.from_numpy(record.points[rows])), self._y, covar_module=kernel)
            likelihood = ExactMarginalLogLikelihood(self.model.likelihood, self.model)
            if before is not None:
                self._take(before)
            try:
                fit_gpytorch_mll(likelihood, optimizer_kwargs={"options": {"maxiter": 60}})
            except ModelFittingError:  # the lengths of before are no worse than none
                if before is not None:
                    self._take(before)
            self.model.eval()

    def inputs(self, points: Tensor) -> Tensor:
        """Return whitened points (…, D) as the processes take them."""
        return points @ self._axes

    def improvement(self, weights: Floats, pending: Floats | None = None) -> Callable[[Tensor], Tensor]:
        """Return a function, the log expected improvement of whitened points (b, 1, D) beside `pending` (q, D): (b,).

        It counts only what lies within the ranges of values, so that it is multiplied by the probability to do so.
        """
        objective = self._objective(weights)
        reached = objective(self._y)
        best = reached[self._feasible].max() if self._feasible.any() else reached.min()
        acquisition = qLogExpectedImprovement(
            self.model, best_f=best, sampler=SobolQMCNormalSampler(torch.Size([_SAMPLES]), seed=self._seed),
            objective=GenericMCObjective(lambda samples, X=None: objective(samples)), constraints=self._constraints(),
            X_pending=None if pending is None else self.inputs(torch.from_numpy(pending)),
        )  # fmt: skip

        def values(points: Tensor) -> Tensor:
            with warnings.catch_warnings():  # candidates next to each other need jitter, which is added
                warnings.simplefilter("ignore", NumericalWarning)
                result: Tensor = acquisition(self.inputs(points))
            return result

        return values

    def pick(self, points: Floats, n: int, rng: np.random.Generator) -> list[int]:
        """Return up to `n` rows of candidates (p, D), one after the other, each by its improvement on those before.

        With several goals each has random weights of its own.
        """
        picks: list[int] = []
        alone: dict[bytes, Floats] = {}
        for _ in range(min(n, len(points))):
            weights = self._aim.draw(rng)
            values = alone.setdefault(weights.tobytes(), np.empty(0))
            if not len(values):
                values = alone[weights.tobytes()] = self._values(points, self.improvement(weights))
            if picks:
                order = np.setdiff1d(np.argsort(-values, kind="stable")[: _HOPEFUL + 4 * n], picks)
                values = np.full(len(points), -np.inf)
                values[order] = self._values(points[order], self.improvement(weights, points[picks]))
            picks.append(int(np.argmax(values)))
        return picks

    def sampled(self, points: Floats, n: int, rng: np.random.Generator) -> list[int]:
        """Return up to `n` rows of candidates (p, D), each the best of one function drawn from the posterior.

        Where there are ranges of values, those of candidates that the drawn function puts inside, or next to it.
        """
        with torch.no_grad(), manual_seed(int(rng.integers(2**31))), warnings.catch_warnings():
            warnings.simplefilter("ignore", NumericalWarning)
            posterior = self.model.posterior(self.inputs(torch.from_numpy(points)))
            draws = posterior.rsample(torch.Size([min(n, len(points))]))  # (n, p, outputs)
        picks: list[int] = []
        for draw in draws:
            values = self._objective(self._aim.draw(rng))(draw)
            if self._aim.ranges:
                excess = torch.stack([rule(draw) for rule in self._constraints() or []]).clamp(min=0).sum(dim=0)
                values = torch.where(excess > 0, values.min() - 1 - excess, values)
            values[picks] = -torch.inf
            picks.append(int(values.argmax()))
        return picks

    def _take(self, before: LatentProcess) -> None:
        for own, other in zip(self.model.parameters(), before.model.parameters(), strict=True):
            own.data.copy_(other.data)

    def _objective(self, weights: Floats) -> Any:
        """Return what makes one number of the outputs (…, outputs): (…)."""
        goals = len(weights)
        if goals == 1:
            return lambda outputs: outputs[..., 0]
        known = self._y[self._feasible] if self._feasible.any() else self._y
        chebyshev = get_chebyshev_scalarization(torch.from_numpy(weights), known[:, :goals])
        return lambda outputs: chebyshev(outputs[..., :goals], None)

    def _constraints(self) -> Any:
        """Return functions of the outputs that are below 0 where a value is within its range, in deviations."""
        rules: list[Any] = []
        for column, rule in enumerate(self._aim.ranges, start=self._aim.goals):
            spread = self._y[:, column].std().clamp(min=1e-12)
            if np.isfinite(rule.low):
                rules.append(lambda y, c=column, low=rule.low, s=spread: (low - y[..., c]) / s)
            if np.isfinite(rule.high):
                rules.append(lambda y, c=column, high=rule.high, s=spread: (y[..., c] - high) / s)
        return rules or None

    @staticmethod
    def _values(points: Floats, improvement: Callable[[Tensor], Tensor]) -> Floats:
        with torch.no_grad():
            parts = [improvement(part[:, None]) for part in torch.from_numpy(points).split(_BLOCK)]
        values: Floats = torch.cat(parts).numpy()
        return values


def _fewer(record: LatentRecord, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return at most `_ROWS` of the rows: the best half, and the latest."""
    if len(rows) <= _ROWS:
        return rows
    equal = np.full(record.aim.goals, 1 / record.aim.goals)
    order = np.argsort(-scalarized(record.targets[rows], equal), kind="stable")
    best = rows[order[: _ROWS // 2]]
    latest = np.setdiff1d(rows, best)[-(_ROWS - len(best)) :]
    return np.sort(np.concatenate([best, latest]))
