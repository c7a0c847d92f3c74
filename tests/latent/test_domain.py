from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molvae.errors import DataError
from molvae.latent.domain import SYMBOLS_KEY, RareSymbols, measure
from molvae.latent.space import LatentSpace
from molvae.tokens.bulk import encode_many
from molvae.tokens.codec import EncodedMolecule


@pytest.fixture(scope="module")
def knowing(model: Path, corpus: list[str]) -> LatentSpace:
    return LatentSpace.load(model, threads=1, workers=1).learn_domain(corpus)


def test_a_model_without_one_says_how_to_learn_it(space: LatentSpace) -> None:
    with pytest.raises(DataError, match="learn_domain"):
        space.domain(["CCO"])


def test_rows_stay_aligned_and_scores_are_shares(knowing: LatentSpace, corpus: list[str]) -> None:
    score = knowing.domain([corpus[0], "C1CC", "", *corpus[1:4]])
    assert np.isnan(score).tolist() == [False, True, True, False, False, False]
    assert ((score[[0, 3, 4, 5]] > 0) & (score[[0, 3, 4, 5]] <= 1)).all()
    assert knowing.domain([]).shape == (0,)
    assert knowing.domain(corpus[0]).tolist() == [score[0]]


def test_known_molecules_are_less_strange_than_shuffled_ones(knowing: LatentSpace, corpus: list[str]) -> None:
    codec = knowing.pipeline.codec
    rng = np.random.default_rng(0)
    shuffled = [codec.decode(rng.permutation(codec.encode(smiles).tokens).tolist()) for smiles in corpus]
    assert np.nanmean(knowing.domain(shuffled)) < np.nanmean(knowing.domain(corpus))


def test_it_is_kept_by_save(knowing: LatentSpace, corpus: list[str], tmp_path: Path) -> None:
    knowing.save(tmp_path)
    again = LatentSpace.load(tmp_path, threads=1, workers=1)
    np.testing.assert_array_equal(again.domain(corpus[:9]), knowing.domain(corpus[:9]))
    assert RareSymbols.of(again.checkpoint) == RareSymbols.of(knowing.checkpoint)


def test_nats_per_symbol_are_the_bound_over_the_symbols(space: LatentSpace, corpus: list[str]) -> None:
    encoded = [row for row in encode_many(space.pipeline.codec, corpus[:16]) if isinstance(row, EncodedMolecule)]
    found = measure(space.pipeline.network, [row.tokens for row in encoded])
    encoding = space.encode(corpus[:16])
    np.testing.assert_allclose(found.mean, encoding.mean, atol=1e-5)
    bound = found.nats_per_symbol * [len(row.tokens) + 1 for row in encoded]
    # At the mean the model writes a molecule better than at the points around it, from which the ELBO is estimated.
    estimate = np.mean([-space.elbo(corpus[:16], seed=seed) for seed in range(8)], axis=0)
    assert (bound < estimate + 1).all()
    assert np.corrcoef(bound, estimate)[0, 1] > 0.9


def test_too_few_molecules_are_refused(space: LatentSpace) -> None:
    with pytest.raises(DataError, match="at least 20 different"):
        space.learn_domain(["CCO", "CCN", "C1CC"])


def test_rare_symbols_are_those_that_few_molecules_hold(knowing: LatentSpace) -> None:
    rare = RareSymbols.of(knowing.checkpoint)
    assert rare is not None
    assert rare.rare(knowing.pipeline.codec.vocabulary.symbols[3:]) == ()  # each is in one of 64 molecules or more
    assert rare.rare(["[C]", "[=Se]", "[Ring1]"]) == ("[=Se]", "Se")


@pytest.mark.parametrize(
    "stored",
    [None, [], {"molecules": 3}, {"molecules": "3", "symbols": {}}, {"molecules": 3, "symbols": {"[C]": "many"}}],
)
def test_a_damaged_count_is_no_count(knowing: LatentSpace, stored: object) -> None:
    kept = knowing.checkpoint.metadata[SYMBOLS_KEY]
    knowing.checkpoint.metadata[SYMBOLS_KEY] = stored
    try:
        assert RareSymbols.of(knowing.checkpoint) is None
    finally:
        knowing.checkpoint.metadata[SYMBOLS_KEY] = kept
