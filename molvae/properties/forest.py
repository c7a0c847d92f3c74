"""Random forests (Breiman, doi:10.1023/A:1010933404324) whose trees are arrays, saved without pickle."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from molvae.errors import CheckpointError
from molvae.properties.regressors import MIN_VARIANCE, Array, Arrays, Moments, Sizes, Specs

TREES = 200
_FEATURES = 0.3  # share of the features that a split looks at: close to the third of Breiman's advice for regression
_MAX_TREES, _MAX_NODES = 10_000, 50_000_000


class Forest:
    """The trees of a fitted forest, node after node: what scikit-learn's would predict, from arrays alone."""

    kind: ClassVar[str] = "forest"

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self.sizes: Sizes = {"trees": len(arrays["roots"]), "nodes": len(arrays["feature"])}

    @classmethod
    def fit(cls, x: Array, y: Array, *, seed: int) -> Forest:
        """Fit scikit-learn's forest to features (n, D) and values (n,)."""
        forest = RandomForestRegressor(TREES, max_features=_FEATURES, random_state=seed).fit(x, y)
        return cls.of_sklearn(forest)

    @classmethod
    def of_sklearn(cls, forest: RandomForestRegressor) -> Forest:
        """Return the arrays of a fitted `RandomForestRegressor` with one output."""
        trees = [member.tree_ for member in forest.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

        def children(side: str) -> NDArray[np.int32]:  # numbered through all trees; a leaf is its own child
            parts = []
            for root, tree in zip(roots, trees, strict=True):
                child, own = getattr(tree, f"children_{side}"), np.arange(tree.node_count)
                parts.append(root + np.where(child < 0, own, child))
            return np.concatenate(parts).astype(np.int32)

        return cls({
            "roots": roots.astype(np.int32),
            "left": children("left"),
            "right": children("right"),
            "feature": np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).astype(np.int32),
            "threshold": np.concatenate([np.where(tree.children_left < 0, 0, tree.threshold) for tree in trees]),
            "value": np.concatenate([tree.value[:, 0, 0] for tree in trees]),
        })  # fmt: skip

    def moments(self, x: Array) -> Moments:
        """Return the mean and the standard deviation of the trees, each (n,)."""
        features = np.asarray(x, dtype=np.float32)  # as scikit-learn's trees compare them
        left, right, feature, threshold = (self._arrays[name] for name in ("left", "right", "feature", "threshold"))
        node = np.repeat(self._arrays["roots"][None, :], len(features), axis=0)  # (n, trees)
        rows = np.arange(len(features))[:, None]
        while True:
            below = features[rows, feature[node]] <= threshold[node]
            following = np.where(below, left[node], right[node])
            if np.array_equal(following, node):
                break
            node = following
        values = self._arrays["value"][node]
        return values.mean(axis=1), np.sqrt(values.var(axis=1) + MIN_VARIANCE)

    def arrays(self) -> Arrays:
        """Return all that `from_arrays` needs."""
        return self._arrays

    @classmethod
    def specs(cls, features: int, sizes: Sizes) -> Specs:
        """Return shape and type of each array.

        Raises:
            CheckpointError: more trees or nodes than any forest has.
        """
        trees, nodes = sizes["trees"], sizes["nodes"]
        if not (1 <= trees <= _MAX_TREES and trees <= nodes <= _MAX_NODES):
            raise CheckpointError(f"a forest must have 1 to {_MAX_TREES:,} trees with nodes, got {trees} and {nodes}")
        integers = {"roots": ((trees,), "I32"), **dict.fromkeys(("left", "right", "feature"), ((nodes,), "I32"))}
        return {**integers, "threshold": ((nodes,), "F64"), "value": ((nodes,), "F64")}

    @classmethod
    def from_arrays(cls, arrays: Arrays, features: int, sizes: Sizes) -> Forest:
        """Return the forest of arrays whose shapes are right.

        Raises:
            CheckpointError: trees that are none: a node that leads back, or to another feature than there is.
        """
        own = np.arange(sizes["nodes"])
        roots, left, right, feature = (arrays[name] for name in ("roots", "left", "right", "feature"))
        if roots.min() < 0 or roots.max() >= sizes["nodes"] or feature.min() < 0 or feature.max() >= features:
            raise CheckpointError("a forest has a root or a feature that does not exist")
        leaf = (left == own) & (right == own)
        inner = (left > own) & (right > own) & (np.maximum(left, right) < sizes["nodes"])  # down, so that it ends
        if not (leaf | inner).all():
            raise CheckpointError("a forest has a node that does not lead to a later one")
        return cls(arrays)
