from __future__ import annotations

import pytest

from molvae.chem.fingerprints import tanimoto
from molvae.chem.structure import describe_structure
from molvae.evaluate.repair import repair
from molvae.latent.space import LatentSpace


def test_what_comes_back_is_ordinary_distinct_and_sorted(space: LatentSpace, small: list[str]) -> None:
    for smiles in small[:4]:
        found = repair(space, smiles + ")", n=4)
        assert found.mended == smiles
        assert len({row.smiles for row in found.rows}) == len(found.rows)
        similarities = [row.similarity for row in found.rows]
        assert similarities == sorted(similarities, reverse=True)
        for row in found.rows:
            assert describe_structure(row.smiles, ()).findings == ()
            assert row.similarity == pytest.approx(tanimoto(row.smiles, smiles))


def test_one_seed_gives_one_repair(space: LatentSpace, small: list[str]) -> None:
    assert repair(space, small[5], seed=3) == repair(space, small[5], seed=3)


def test_what_cannot_be_mended_or_encoded_has_no_neighbours(space: LatentSpace) -> None:
    assert repair(space, "?") == repair(space, "?", 2)
    assert repair(space, "?").mended is None
    assert repair(space, "C[Se]C").rows == ()  # a symbol that this model lacks


def test_alerts_can_be_ruled_out(space: LatentSpace, small: list[str]) -> None:
    allowed, strict = (repair(space, small[8], 50, catalogs=catalogs) for catalogs in ((), ("BRENK",)))
    clean = [row for row in allowed.rows if not describe_structure(row.smiles, ["BRENK"]).alerts]
    assert list(strict.rows) == clean


def test_a_number_below_one_is_refused(space: LatentSpace) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        repair(space, "CCO", 0)
