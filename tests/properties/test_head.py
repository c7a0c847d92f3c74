from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from molvae.properties.head import PropertyHead
from molvae.properties.model import PropertyModel

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.mark.parametrize("kind", ["ridge", "gp", "mlp"])
def test_it_predicts_what_the_model_predicts_and_its_gradient_is_the_slope(kind: str, table: Table) -> None:
    x, y = table
    model = PropertyModel(kind).fit(x, np.stack([y, -2 * y], axis=1))
    head = PropertyHead.of(model)
    z = torch.tensor(x[:20], requires_grad=True)
    values = head(z)
    np.testing.assert_allclose(values.detach().numpy(), model.predict(x[:20]), rtol=1e-8)
    (gradient,) = torch.autograd.grad(values[:, 0].sum(), z)
    step = 1e-6 * np.eye(6)[0]
    slope = (model.predict(x[:20] + step)[:, 0] - model.predict(x[:20])[:, 0]) / 1e-6
    np.testing.assert_allclose(gradient[:, 0].numpy(), slope, rtol=1e-3, atol=1e-3)


def test_a_process_has_a_gradient_at_its_own_points(table: Table) -> None:
    x, y = table
    head = PropertyHead.of(PropertyModel("gp", calibration=0).fit(x[:30], y[:30]))
    z = torch.tensor(x[:30], requires_grad=True)
    (gradient,) = torch.autograd.grad(head(z).sum(), z)
    assert torch.isfinite(gradient).all()


def test_a_forest_has_none(table: Table) -> None:
    with pytest.raises(ValueError, match="no gradient: fit kind='gp'"):
        PropertyHead.of(PropertyModel("forest").fit(table[0][:40], table[1][:40]))


def test_missing_labels_add_nothing_to_the_loss(table: Table) -> None:
    torch.manual_seed(0)
    head = PropertyHead(6, 2).standardize(table[0], np.stack([table[1], table[1]], axis=1))
    z = torch.tensor(table[0], dtype=torch.float32)
    y = torch.tensor(table[1], dtype=torch.float32)[:, None].repeat(1, 2)
    missing = y.clone()
    missing[100:, :] = torch.nan
    torch.testing.assert_close(head.loss(z, missing), head.loss(z[:100], y[:100]))
    nothing = head.loss(z, torch.full_like(y, torch.nan))
    nothing.backward()
    assert nothing == 0
    assert all(weight.grad is not None and not weight.grad.any() for weight in head.parameters())


def test_it_can_be_trained(table: Table) -> None:
    torch.manual_seed(0)
    head = PropertyHead(6, hidden=(32,)).standardize(*table)
    z, y = (torch.tensor(part, dtype=torch.float32) for part in table)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    before = head.loss(z, y[:, None]).item()
    for _ in range(100):
        optimizer.zero_grad()
        head.loss(z, y[:, None]).backward()
        optimizer.step()
    assert head.loss(z, y[:, None]).item() < 0.2 < before
    assert abs(head(z).mean().item() - table[1].mean()) < 0.5  # in the unit of the labels
