"""A differentiable head: properties as a function of z that torch can follow back, for search and joint training."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from molvae.properties.regressors import GaussianProcess, NeuralEnsemble, Ridge

if TYPE_CHECKING:
    from molvae.properties.model import PropertyModel
    from molvae.properties.targets import FittedTarget


class PropertyHead(nn.Module):
    """Property values in the user's unit from latent points: one network for each target, or several averaged.

    Args:
        latent_dim: D.
        targets: T.
        hidden: widths of the layers between.
        members: networks that are averaged.
    """

    center: Tensor  # (D,) of the points
    scale: Tensor  # (D,)
    mean: Tensor  # (T,) of the labels
    spread: Tensor  # (T,)

    def __init__(
        self, latent_dim: int, targets: int = 1, *, hidden: Sequence[int] = (128, 64), members: int = 1
    ) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(latent_dim))
        self.register_buffer("scale", torch.ones(latent_dim))
        self.register_buffer("mean", torch.zeros(targets))
        self.register_buffer("spread", torch.ones(targets))
        networks = ([_network(latent_dim, hidden) for _ in range(members)] for _ in range(targets))
        self.networks = nn.ModuleList(nn.ModuleList(each) for each in networks)

    @classmethod
    def of(cls, model: PropertyModel) -> PropertyHead:
        """Return the head that predicts what a fitted model predicts, in float64.

        Raises:
            ValueError: a target predicted by a forest, which has no gradient, or features that are no function of z.
        """
        if model.features != "z":
            raise ValueError(f"features={model.features!r} are no function of z: fit a model with features='z'")
        dimensions = model.n_features_in_
        head = cls(dimensions, len(model.targets_), members=0).double()
        head.center.copy_(torch.from_numpy(model.center_))
        head.scale.copy_(torch.from_numpy(model.scale_))
        head.mean.copy_(torch.tensor([target.mean for target in model.targets_], dtype=torch.float64))
        head.spread.copy_(torch.tensor([target.spread for target in model.targets_], dtype=torch.float64))
        head.networks = nn.ModuleList(nn.ModuleList(_members(target)) for target in model.targets_)
        return head.eval()

    def standardize(self, z: ArrayLike, y: ArrayLike) -> PropertyHead:
        """Take the scales of points (n, D) and labels (n, T), NaN left out, and return this head; before training."""
        points = np.asarray(z, dtype=np.float64)
        labels = np.asarray(y, dtype=np.float64).reshape(len(points), -1)
        deviation = points.std(axis=0)
        self.center.copy_(torch.from_numpy(points.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(np.maximum(deviation, 0.05 * deviation.max())))
        self.mean.copy_(torch.from_numpy(np.nanmean(labels, axis=0)))
        self.spread.copy_(torch.from_numpy(np.maximum(np.nanstd(labels, axis=0), 1e-12)))
        return self

    def forward(self, z: Tensor) -> Tensor:
        """Return the properties (n, T) of points (n, D), in the unit of the labels."""
        return self.mean + self.spread * self._standardized(z)

    def loss(self, z: Tensor, y: Tensor) -> Tensor:
        """Return the mean squared error at points (n, D) against labels (n, T), in label variances; NaN is left out.

        0 where every label is missing, with a gradient of 0, so that a batch without labels can be trained on.
        """
        known = ~torch.isnan(y)
        wanted = torch.where(known, (y - self.mean) / self.spread, 0.0)
        errors = torch.where(known, self._standardized(z) - wanted, 0.0)
        return (errors**2).sum() / known.sum().clamp(min=1)

    def _standardized(self, z: Tensor) -> Tensor:
        x = (z - self.center) / self.scale
        columns = []
        for members in self.networks:
            assert isinstance(members, nn.ModuleList)
            columns.append(torch.stack([network(x) for network in members]).mean(dim=0))
        return torch.cat(columns, dim=-1)


def _network(inputs: int, hidden: Sequence[int]) -> nn.Sequential:
    widths = [inputs, *hidden, 1]
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class MaternMean(nn.Module):
    """The mean of a Gaussian process with a Matérn 5/2 kernel (Rasmussen & Williams, equation 4.17)."""

    points: Tensor  # (n, D)
    weights: Tensor  # (n,)

    def __init__(self, process: GaussianProcess) -> None:
        super().__init__()
        points, weights, self.scale, self.length = process.mean_function()
        self.register_buffer("points", torch.tensor(points))
        self.register_buffer("weights", torch.tensor(weights))

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean (m, 1) at standardized points (m, D)."""
        squared = (x[:, None, :] - self.points).square().sum(dim=-1)  # (m, n)
        distance = (5 * squared / self.length**2 + 1e-24).sqrt()  # the root has no gradient at 0
        kernel = self.scale * (1 + distance + distance**2 / 3) * torch.exp(-distance)
        return (kernel @ self.weights)[:, None]


def _members(target: FittedTarget) -> list[nn.Module]:
    """Return what is averaged: the networks of an ensemble, a ridge regression's one layer, a process's mean."""
    regressor = target.regressor
    if isinstance(regressor, GaussianProcess):
        return [MaternMean(regressor)]
    if isinstance(regressor, NeuralEnsemble):
        layers = [(np.asarray(weight), np.asarray(bias)) for weight, bias in regressor.layers]
    elif isinstance(regressor, Ridge):
        arrays = regressor.arrays()
        coefficients = np.asarray(arrays["coefficients"])[None, :, None]
        layers = [(coefficients, np.asarray(arrays["intercept_and_noise"])[None, :1])]
    else:
        raise ValueError(
            f"target {target.name!r} is a {regressor.kind}, which has no gradient: fit kind='gp', 'mlp' or 'ridge'"
        )
    hidden = [bias.shape[1] for _, bias in layers[:-1]]
    members: list[nn.Module] = []
    for number in range(layers[0][0].shape[0]):
        network = _network(layers[0][0].shape[1], hidden).double()
        linear = [layer for layer in network if isinstance(layer, nn.Linear)]
        for layer, (weight, bias) in zip(linear, layers, strict=True):
            layer.weight.data = torch.tensor(weight[number].T)
            layer.bias.data = torch.tensor(bias[number])
        members.append(network.requires_grad_(False))
    return members
