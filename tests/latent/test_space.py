from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem

from molvae.errors import CheckpointError, MoleculeError
from molvae.latent.neighborhood import RadiusCurve
from molvae.latent.space import LatentSpace
from molvae.model.priors import StandardNormal

HOSTILE: list[object] = [
    "",
    "CCO>>CC",
    None,
    3.5,
    "C1CC",
    "[Fe]",
    "CC\u0421",
    "C" * 5_000,
    "*C",
    "[13CH4]",
    float("nan"),
]


def test_n_rows_in_are_n_rows_out(space: LatentSpace, corpus: list[str]) -> None:
    rows: list[object] = [HOSTILE[0], corpus[0], *HOSTILE[1:], corpus[1]]
    encoding = space.encode(rows)
    taken = [1, len(rows) - 1]
    assert len(encoding) == len(rows)
    assert np.flatnonzero(encoding.ok).tolist() == taken
    assert np.isfinite(encoding.mean[taken]).all()
    assert np.isnan(np.delete(encoding.mean, taken, axis=0)).all()
    assert np.isnan(np.delete(encoding.log_var, taken, axis=0)).all()
    assert [encoding.smiles[i] for i in taken] == corpus[:2]
    for i in set(range(len(rows))) - set(taken):
        assert encoding.smiles[i] is None
        assert encoding.detail[i]
    assert encoding.status[0] == "empty"
    assert encoding.status[3] == "type"


def test_one_molecule_is_one_row(space: LatentSpace, corpus: list[str]) -> None:
    many = space.encode(corpus[:20])
    for one in (corpus[3], [corpus[3]], Chem.MolFromSmiles(corpus[3])):
        np.testing.assert_array_equal(space.encode(one).mean, many.mean[3:4])
    assert space.encode([]).mean.shape == (0, space.latent_dim)
    assert space.encode(iter(corpus[:2])).smiles == tuple(corpus[:2])


def test_another_spelling_of_a_molecule_has_the_same_vector(space: LatentSpace, corpus: list[str]) -> None:
    spelled = Chem.MolToSmiles(Chem.MolFromSmiles(corpus[5]), doRandom=True, canonical=False)
    encoding = space.encode([corpus[5], f"  {spelled} "])
    np.testing.assert_array_equal(encoding.mean[0], encoding.mean[1])
    assert encoding.notes == ((), ("stripped",))


def test_most_molecules_come_back(space: LatentSpace, corpus: list[str]) -> None:
    result = space.reconstruct([*corpus, "C1CC"])
    assert result.taken == len(corpus)
    assert len(result) == len(corpus) + 1
    assert result.rate > 0.5
    assert result[-1] == (None, None, "syntax")
    decoded = space.decode(space.encode(corpus).mean)
    assert [row.decoded for row in result[:-1]] == decoded


def test_worker_processes_and_windows_change_nothing(space: LatentSpace, model: Path, corpus: list[str]) -> None:
    rows = [*corpus * 35, "C1CC"] * 2  # more than one window, and many chunks
    pooled = LatentSpace.load(model, workers=2)
    alone, together = (list(each.pipeline.encode(rows, many=True)) for each in (space, pooled))
    means = [np.concatenate([part.mean for part in parts]) for parts in (alone, together)]
    assert len(alone) > 1
    np.testing.assert_array_equal(means[0], means[1])
    np.testing.assert_array_equal(means[0][: len(corpus)], space.encode(corpus).mean)
    points = means[0][np.isfinite(means[0]).all(axis=1)]
    decoded = [list(each.pipeline.decode([points], many=True)) for each in (space, pooled)]
    assert decoded[0] == decoded[1]
    assert decoded[0][: len(corpus)] == space.decode(points[: len(corpus)])


def test_a_sample_is_a_beginning_of_every_longer_one(space: LatentSpace) -> None:
    different: list[dict[str, Any]] = [{}, {"temperature": 1.0}, {"temperature": 0.8, "top_k": 5}, {"unique": True}]
    for settings in different:
        longer = space.sample(60, seed=7, **settings)
        assert space.sample(17, seed=7, **settings) == longer[:17]
        assert len(longer) == 60
        assert space.sample(60, seed=8, **settings) != longer


def test_samples_are_canonical_molecules(space: LatentSpace) -> None:
    for smiles in space.sample(50, seed=0, temperature=1.0):
        assert Chem.MolToSmiles(Chem.MolFromSmiles(smiles)) == smiles


def test_unique_and_novel_samples_are_what_they_say(space: LatentSpace) -> None:
    anything = space.sample(80, seed=0)
    known = set(anything[::3])
    found = space.sample(80, seed=0, unique=True, novel_to=known)
    assert len(set(found)) == 80
    assert known.isdisjoint(found)
    assert found == [smiles for smiles in dict.fromkeys(space.sample(200, seed=0)) if smiles not in known][:80]


def test_a_sample_that_cannot_be_drawn_says_so(space: LatentSpace) -> None:
    class Everything:
        def __contains__(self, smiles: object) -> bool:
            return True

    with pytest.raises(ValueError, match="draws gave 0 of 1 molecules"):
        space.sample(1, seed=0, novel_to=Everything())
    with pytest.raises(ValueError, match="prior must be one of normal"):
        space.sample(1, prior="flow")


def test_without_a_seed_samples_differ_and_no_global_state_moves(space: LatentSpace, corpus: list[str]) -> None:
    before = torch.get_rng_state(), random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    assert space.sample(20) != space.sample(20)
    space.sample_posterior(corpus[0], 5)
    space.neighbors(corpus[0], n=3)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002


def test_latent_draws_follow_the_prior_and_the_seed(space: LatentSpace) -> None:
    z = space.sample_latent(2_000, seed=1)
    assert z.shape == (2_000, space.latent_dim)
    assert abs(z.mean()) < 0.02
    assert z.std() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(space.sample_latent(30, seed=1), z[:30])
    np.testing.assert_array_equal(space.sample_latent(30, seed=1, prior=StandardNormal(24)), z[:30])


def test_posterior_samples_without_noise_are_the_reconstruction(space: LatentSpace, corpus: list[str]) -> None:
    (row,) = space.reconstruct(corpus[0])
    assert space.sample_posterior(corpus[0], 3, seed=0, scale=0) == [row.decoded] * 3
    assert len(set(space.sample_posterior(corpus[0], 20, seed=0, scale=4))) > 1
    with pytest.raises(MoleculeError, match="syntax"):
        space.sample_posterior("C1CC", 2)


def test_neighbours_are_distinct_and_not_the_molecule(space: LatentSpace, corpus: list[str]) -> None:
    found = space.neighbors(f" {corpus[7]}", n=8, similarity=0.4, seed=0)
    assert found.query == corpus[7]
    assert corpus[7] not in found.smiles
    assert len(set(found.smiles)) == len(found) == 8
    assert all(a.similarity >= b.similarity for a, b in pairwise(found))
    assert space.neighbors(corpus[7], n=8, similarity=0.4, seed=0) == found
    with pytest.raises(ValueError, match="between 0 and 1"):
        space.neighbors(corpus[7], similarity=1.0)


def test_a_path_goes_from_one_molecule_to_the_other(space: LatentSpace, corpus: list[str]) -> None:
    ends = [row.smiles for row in space.reconstruct(corpus) if row.exact][:2]
    start, end = str(ends[0]), str(ends[1])
    for method in ("slerp", "linear"):
        path = space.interpolate(start, end, n=5, method=method)
        assert len(path) == 5
        assert (path.smiles[0], path.smiles[-1]) == (start, end)
        assert path[0].to_start == path[-1].to_end == 1.0
        assert path[0].to_end == path[-1].to_start
    with pytest.raises(MoleculeError):
        space.interpolate(start, "C1CC")


def test_a_direction_found_from_molecules_or_points_is_the_same(space: LatentSpace, corpus: list[str]) -> None:
    length = [len(smiles) for smiles in corpus]
    direction = space.attribute_direction(corpus, length)
    np.testing.assert_array_equal(space.attribute_direction(space.encode(corpus).mean, length).vector, direction.vector)
    path = space.traverse(corpus[0], direction, steps=(-1, 0, 1))
    assert [step.position for step in path] == [-1, 0, 1]
    assert path[1].smiles == space.reconstruct(corpus[0])[0].decoded


def test_n_best_are_distinct_and_ordered(space: LatentSpace, corpus: list[str]) -> None:
    for candidates in space.decode_n_best(space.encode(corpus[:6]).mean, 3):
        assert 1 <= len(candidates) <= 3
        assert len({candidate.smiles for candidate in candidates}) == len(candidates)
        assert all(a.log_probability >= b.log_probability for a, b in pairwise(candidates))


def test_bounds_are_row_aligned_and_tighten(space: LatentSpace, corpus: list[str]) -> None:
    rows = [*corpus, "C1CC"]
    elbo, bound = space.elbo(rows), space.importance_weighted_bound(rows, samples=8)
    assert elbo.shape == bound.shape == (len(rows),)
    assert np.isnan([elbo[-1], bound[-1]]).all()
    assert elbo[:-1].mean() < bound[:-1].mean() < 0


def test_a_fitted_prior_is_kept_with_the_model(model: Path, corpus: list[str], tmp_path: Path) -> None:
    space = LatentSpace.load(model, threads=1, workers=1)
    space.fit_prior(corpus, name="small")
    curve = space.radius_curve
    assert space.priors == ("normal", "small")
    space.save(tmp_path)
    again = LatentSpace.load(tmp_path, threads=1, workers=1)
    assert again.sample(5, seed=0, prior="small") == space.sample(5, seed=0, prior="small")
    assert again.checkpoint.metadata["neighbor_radius"] == curve.as_json()
    assert again.radius_curve == RadiusCurve(curve.radii, curve.shares)
    z, encoded = again.sample_latent(4_000, seed=0, prior="small"), space.encode(corpus)
    variance = encoded.mean.var(axis=0, ddof=1) + np.exp(encoded.log_var).mean(axis=0)
    np.testing.assert_allclose(z.mean(axis=0), encoded.mean.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(z.var(axis=0), variance, rtol=0.15)
    with pytest.raises(ValueError, match="at least 2 molecules, got 1"):
        space.fit_prior([corpus[0], "C1CC"])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_points_that_are_not_finite_are_refused_by_row(space: LatentSpace, value: float) -> None:
    z = np.zeros((5, space.latent_dim))
    z[3, 1] = value
    with pytest.raises(ValueError, match="row 3"):
        space.decode(z)
    with pytest.raises(ValueError, match="row 3"):
        space.decode_n_best(z)
    assert space.decode(z[:0]) == []
    assert space.decode(z[:1]) == space.decode(z[:1].astype(np.float32))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        LatentSpace.load(tmp_path / "nothing")


def test_a_space_says_what_it_is(space: LatentSpace) -> None:
    assert repr(space).startswith("LatentSpace(24 dimensions,")


def test_neighbours_keep_what_they_are_told_to(space: LatentSpace, corpus: list[str]) -> None:
    query = next(smiles for smiles in corpus if "c1ccccc1" in smiles)
    found = space.neighbors(query, n=8, similarity=0.4, keep="c1ccccc1", seed=0)
    benzene = Chem.MolFromSmarts("c1ccccc1")
    assert len(found) > 0
    assert all(Chem.MolFromSmiles(smiles).HasSubstructMatch(benzene) for smiles in found.smiles)
    assert 0 < found.kept <= 1
    assert space.neighbors(query, n=8, similarity=0.4, seed=0).kept == 1
    with pytest.raises(ValueError, match="does not hold"):
        space.neighbors(query, keep="[Br]")


def test_refined_points_give_more_molecules_back_and_lose_none(space: LatentSpace, wehi_smiles: list[str]) -> None:
    others = sorted(set(wehi_smiles), key=lambda smiles: (len(smiles), smiles))[64:104]  # not trained on
    plain, refined = space.reconstruct(others), space.reconstruct(others, refine=True)
    assert sum(row.exact for row in refined) > sum(row.exact for row in plain)
    assert all(after.exact or not before.exact for before, after in zip(plain, refined, strict=True))
    encoding = space.encode(others, refine=True)
    reversed_rows = space.encode(others[::-1], refine=True)
    np.testing.assert_array_equal(reversed_rows.mean[::-1], encoding.mean)
    np.testing.assert_array_equal(space.encode(others).log_var, encoding.log_var)


def test_what_is_done_to_a_molecule_begins_at_the_molecule(space: LatentSpace, wehi_smiles: list[str]) -> None:
    others = sorted(set(wehi_smiles), key=lambda smiles: (len(smiles), smiles))[64:104]
    refined = space.reconstruct(others, refine=True)
    start, end = [row.smiles for row in refined if row.exact and row.smiles is not None][:2]
    path = space.interpolate(start, end, n=3)
    assert (path.smiles[0], path.smiles[-1]) == (start, end)
