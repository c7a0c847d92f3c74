"""A direction that data teach: it points where the values rise, and what is read is read from molecules."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from molvae.errors import MoleculeError
from molvae.latent.space import LatentSpace
from molvae.properties.traversal import AttributeAxis, PropertyStep, Traversal


def test_the_property_is_that_of_the_decoded_molecule(
    space: LatentSpace, corpus: list[str], lengths: NDArray[np.float64]
) -> None:
    axis = AttributeAxis(space, [*corpus, "C1CC"], [*lengths, 1.0], kind="ridge", name="length")
    assert axis.direction.n == len(corpus)
    walk = axis.traverse(corpus[5], (-1, 0, 2))
    assert [step.position for step in walk.steps] == [-1, 0, 2]
    path = space.traverse(corpus[5], axis.direction, (-1, 0, 2))
    assert [step.smiles for step in walk.steps] == path.smiles
    for step in walk.steps:
        if step.smiles is None:
            assert np.isnan(step.predicted)
        else:
            np.testing.assert_allclose(step.predicted, axis.model.predict([step.smiles])[0], rtol=1e-4, equal_nan=True)
    with pytest.raises(MoleculeError):
        axis.traverse("C1CC")


def test_the_trend_counts_each_molecule_once() -> None:
    def walk(*values: float) -> Traversal:
        steps = (PropertyStep(float(i), f"{'C' * int(abs(v))}", 1.0, v, 0.1, True) for i, v in enumerate(values, 1))
        return Traversal("C", tuple(steps))

    assert walk(1, 2, 3, 7).trend == pytest.approx(1)
    assert walk(9, 5, 2).trend == pytest.approx(-1)
    assert np.isnan(walk(2, 2, 2).trend)  # one molecule has no trend
