"""Maps: the plane in which points vary most, neighbourhoods kept, rows aligned."""

from __future__ import annotations

import numpy as np
import pytest

from molvae.latent.projection import Plane, project


def test_the_plane_is_the_one_in_which_the_basis_varies_most() -> None:
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((200, 5)) * np.array([0.1, 5, 0.1, 3, 0.1])
    plane = Plane.of(basis).place(basis)
    assert plane.shape == (200, 2)
    centred = basis - basis.mean(axis=0)
    assert np.abs(np.corrcoef(plane[:, 0], centred[:, 1])[0, 1]) > 0.99
    assert np.abs(np.corrcoef(plane[:, 1], centred[:, 3])[0, 1]) > 0.99


def test_a_refused_row_keeps_its_place_as_nan() -> None:
    z = np.random.default_rng(0).standard_normal((20, 4))
    z[3] = np.nan
    flat = project(z)
    assert np.isnan(flat[3]).all()
    assert np.isfinite(np.delete(flat, 3, axis=0)).all()
    assert np.allclose(np.delete(flat, 3, axis=0), project(np.delete(z, 3, axis=0)))


def test_tsne_keeps_two_far_groups_apart_and_is_the_same_for_a_seed() -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((40, 6))
    z[20:] += 50
    flat = project(z, "tsne", seed=1)
    within = np.linalg.norm(flat[:20] - flat[:20].mean(axis=0), axis=1).max()
    assert np.linalg.norm(flat[:20].mean(axis=0) - flat[20:].mean(axis=0)) > within
    assert np.array_equal(flat, project(z, "tsne", seed=1))


def test_what_cannot_be_mapped_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 finite points"):
        project(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="'pca' or 'tsne'"):
        project(np.eye(4), "umap")  # type: ignore[arg-type]
