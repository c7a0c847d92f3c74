"""The model that comes with molvae does what its card says, as far as seconds can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import molvae
from molvae.latent.coder import SHIPPED_MODEL
from molvae.latent.space import LatentSpace
from molvae.model.null_latent import NullLatent

LARGEST = 12_000_000  # bytes


@pytest.fixture(scope="module")
def shipped() -> LatentSpace:
    return molvae.load(threads=1, workers=1)


def test_it_is_small_and_holds_no_code() -> None:
    files = {path.name: path.stat().st_size for path in SHIPPED_MODEL.iterdir()}
    assert set(files) == {"model.json", "weights.safetensors"}
    assert sum(files.values()) < LARGEST


def test_its_card_has_figures_with_denominators(shipped: LatentSpace) -> None:
    card = shipped.checkpoint.metadata["card"]
    assert {"name", "summary", "intended_use", "not_for", "limits", "figures"} <= set(card)
    assert not set(card["symbols_never_trained"]) - set(shipped.checkpoint.vocabulary.symbols)
    exact = card["figures"]["reconstruction, moses-test"]["exact"]
    assert exact["of"] == 10_000


def test_drug_like_molecules_come_back_as_often_as_the_card_says_of_its_kind(
    shipped: LatentSpace, wehi_smiles: list[str]
) -> None:
    small = [smiles for smiles in wehi_smiles if len(smiles) < 45 and "." not in smiles][:200]
    result = shipped.reconstruct(small)
    figures = shipped.checkpoint.metadata["card"]["figures"]
    promised = figures["reconstruction, chembl_test.smi"]["exact"]["value"]  # longer and stranger than these
    assert sum(row.exact for row in result) / result.taken > promised


def test_every_approved_drug_keeps_its_row(shipped: LatentSpace, project_root: Path) -> None:
    drugs = [line.split("\t")[0] for line in (project_root / "data" / "drugs.smi").read_text().splitlines()]
    encoding = shipped.encode(drugs)
    assert len(encoding) == len(drugs)
    assert np.isfinite(encoding.mean[encoding.ok]).all()
    assert encoding.ok.mean() > 0.95


def test_it_samples_valid_distinct_molecules_from_every_prior(shipped: LatentSpace) -> None:
    assert isinstance(shipped.prior(), NullLatent)
    for name in shipped.priors:
        samples = shipped.sample(60, seed=0, prior=name)
        assert len(set(samples)) > 55, name
        # Off the thin set of encoded molecules, where the two densities also reach, the decoder writes radicals.
        least = 0.95 if isinstance(shipped.prior(name), NullLatent) else 0.5
        assert shipped.encode(samples).ok.mean() > least, name


def test_its_writing_priors_select(shipped: LatentSpace) -> None:
    for name, prior in shipped.checkpoint.priors.items():
        if isinstance(prior, NullLatent):
            assert prior.selection is not None, name
            assert prior.selection.judges, name


def test_neighbours_are_measured_beforehand(shipped: LatentSpace) -> None:
    assert "neighbor_radius" in shipped.checkpoint.metadata
    found = shipped.neighbors("CC(=O)Nc1ccc(O)cc1", n=5, seed=0)
    assert 0 < len(found) <= 5
    assert all(row.similarity < 1 for row in found)
