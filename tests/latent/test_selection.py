"""What is kept of the molecules that a model writes comes nearer to real ones."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from molvae.chem.fingerprints import morgan_environments
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.oddities import Oddity, oddities
from molvae.chem.reasons import Reason
from molvae.latent.selection import Selector, fit_selection
from molvae.latent.space import LatentSpace
from molvae.model.generation import Sampling
from molvae.model.null_latent import NullLatent
from molvae.model.selection import RADIUS, WIDTH, Selection
from molvae.tokens.codec import MoleculeCodec, tokenize
from molvae.tokens.vocabulary import Vocabulary, split_selfies

CODEC = MoleculeCodec(Vocabulary.from_symbols(["[C]", "[O]", "[N]", "[Branch1]", "[=C]", "[Ring1]"]))


def tokens(selfies: str) -> list[int]:
    return list(CODEC.vocabulary.encode(split_selfies(selfies)))


def environments(smiles: str) -> dict[int, int]:
    return morgan_environments(smiles, RADIUS, WIDTH)


@pytest.fixture
def writing(writing_model: Path) -> LatentSpace:
    return LatentSpace.load(writing_model, threads=1, workers=1)


def test_only_the_string_of_a_molecule_itself_is_kept() -> None:
    keep = Selector(CODEC, Selection.of_canonical(), seed=0)
    for selfies in ("[C][C][O]", "[O][C][C]", "[C][C][O][Branch1]"):
        written = tokens(selfies)
        smiles = CODEC.decode(written)
        assert smiles == "CCO"
        assert keep(0, written, smiles) == (selfies == "[C][C][O]")


def test_what_the_gate_refuses_is_not_kept() -> None:
    codec = MoleculeCodec(Vocabulary.from_symbols(["[C]", "[CH1]", "[O]"]))
    radical = list(codec.vocabulary.encode(["[C]", "[CH1]", "[O]"]))
    smiles = codec.decode(radical)
    assert smiles == "C[CH]O"
    assert codec.encode_as_written(smiles) == tuple(radical)
    assert not Selector(codec, Selection.of_canonical(), seed=0)(0, radical, smiles)


def test_a_selection_of_any_width_judges() -> None:
    for width in (1, 7, 4_096):
        keep = Selector(CODEC, Selection(torch.full((width,), -50.0), 0.0), seed=0)
        assert not keep(0, tokens("[C][C][O]"), "CCO")


def test_molecules_are_kept_as_often_as_the_selection_says() -> None:
    real, written = ["CCO"] * 900 + ["CCN"] * 100, ["CCO"] * 300 + ["CCN"] * 700
    selection = fit_selection(written, real)
    ethanol, ethylamine = (selection.share(environments(smiles)) for smiles in ("CCO", "CCN"))
    assert ethanol == pytest.approx(1.0)
    assert ethylamine == pytest.approx((100 / 700) / (900 / 300), rel=0.3)
    keep, written_tokens = Selector(CODEC, selection, seed=9), tokens("[C][C][N]")
    kept = [keep(number, written_tokens, "CCN") for number in range(4_000)]
    assert np.mean(kept) == pytest.approx(ethylamine, abs=0.01)


def test_what_is_odd_is_kept_as_often_as_it_is_real() -> None:
    """Fused small rings and bent aromatic rings, of which an environment of two bonds shows little."""
    plain, fused, bent = "CCCCC1CCCCC1", "CCC1CC2CC21", "CCCc1cc2ccc1CC2"
    written = [plain] * 700 + [fused] * 200 + [bent] * 100
    selection = fit_selection(written, [plain] * 980 + [fused] * 20)
    assert selection.minds_oddities

    def share(smiles: str) -> float:
        places = [list(Oddity).index(finding.code) for finding in oddities(mol_from_canonical(smiles))]
        return selection.share(environments(smiles)) * selection.share_of_odd(places)

    assert share(bent) == 0
    assert 200 * share(fused) / (700 * share(plain)) == pytest.approx(20 / 980, rel=0.3)
    symbols = tokenize(bent).symbols
    codec = MoleculeCodec(Vocabulary.from_symbols(symbols))
    lenient = Selection(selection.weights, 1e6, selection.odd)
    assert not any(Selector(codec, lenient, 0)(number, codec.encode(bent).tokens, bent) for number in range(9))
    assert Selector(codec, Selection(selection.weights, 1e6), 0)(0, codec.encode(bent).tokens, bent)


def test_a_fifth_is_kept_however_few_the_real_molecules_are(corpus: list[str]) -> None:
    written = [*corpus, *(f"{'C' * n}O" for n in range(1, 100))]
    for real in (corpus[:1], corpus[:8], corpus):
        selection = fit_selection(written, real)
        assert np.mean([selection.share(environments(smiles)) for smiles in written]) >= 0.2


def test_what_is_kept_belongs_to_a_seed_and_a_row() -> None:
    selection = fit_selection(["CCO"] * 30 + ["CCN"] * 70, ["CCO"] * 70 + ["CCN"] * 30)
    first, second = (Selector(CODEC, selection, seed=5) for _ in range(2))
    for number in range(40):
        assert first(number, tokens("[C][C][N]"), "CCN") == second(number, tokens("[C][C][N]"), "CCN")


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0 and 1"):
        fit_selection([], ["C"])


def test_selected_samples_hold_environments_as_often_as_the_corpus(writing: LatentSpace, corpus: list[str]) -> None:
    def distance(smiles: list[str]) -> float:
        """Return half of the summed differences between the shares of environments."""
        real, found = (Counter[int](), Counter[int]())
        for counter, molecules in ((real, corpus), (found, smiles)):
            for molecule in molecules:
                counter.update(environments(molecule))
        shares = ((real[name] / real.total(), found[name] / found.total()) for name in real.keys() | found.keys())
        return 0.5 * sum(abs(a - b) for a, b in shares)

    written = writing.sample(400, seed=1)
    selection = writing.fit_selection(corpus, seed=2)
    assert selection is not None
    selected = writing.sample(400, seed=1)
    assert distance(selected) < 0.8 * distance(written)
    assert writing.sample(400, seed=1, select=False) == written
    assert len(set(writing.sample(3, seed=1, temperature=0))) == 1
    assert set(selected[:5]) <= set(writing.sample(3_000, seed=1, select=False))


def test_a_selection_is_stored_with_its_prior(writing: LatentSpace, corpus: list[str], tmp_path: Path) -> None:
    writing.fit_selection(corpus)
    writing.save(tmp_path)
    again = LatentSpace.load(tmp_path, threads=1, workers=1)
    assert again.sample(30, seed=3) == writing.sample(30, seed=3)


def test_worker_processes_select_the_same(writing: LatentSpace, corpus: list[str]) -> None:
    prior = writing.prior()
    assert isinstance(prior, NullLatent)
    keep = Selector(writing.pipeline.codec, fit_selection(writing.sample(300, seed=1), corpus), seed=3)
    z, sampling = prior.points.numpy().repeat(1_500, axis=0), Sampling(prior.temperature)
    here, there = (
        list(map(str, pipeline.decode([z], many=True, sampling=sampling, keep=keep)))
        for pipeline in (writing.pipeline, dataclasses.replace(writing.pipeline, workers=2))
    )
    assert here == there
    assert any(row.startswith(Reason.NOT_SELECTED) for row in here)


def test_a_model_that_hardly_writes_canonical_strings_gets_none(space: LatentSpace, corpus: list[str]) -> None:
    space.checkpoint.priors["noise"] = NullLatent(
        torch.full((1, space.latent_dim), 3.0), torch.ones(1), temperature=50.0
    )
    try:
        assert space.fit_selection(corpus, prior="noise") is None
        assert len(space.sample(5, prior="noise", seed=0)) == 5
    finally:
        del space.checkpoint.priors["noise"]


def test_priors_and_molecules_that_cannot_be_are_refused(writing: LatentSpace, corpus: list[str]) -> None:
    with pytest.raises(ValueError, match="'normal' does not write molecules without z"):
        writing.fit_selection(corpus, prior="normal")
    with pytest.raises(ValueError, match="got 1 of which the model took none"):
        writing.fit_selection(["C1CC"])
    with pytest.raises(ValueError, match="prior must be one of"):
        writing.fit_selection(corpus, prior="mosse")
