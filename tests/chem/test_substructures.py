"""Substructures: found, counted, and a pattern that is none is refused."""

from __future__ import annotations

import pytest

from molvae.chem.molecule import mol_from_canonical
from molvae.chem.substructures import count_substructures, has_substructure, read_smarts
from molvae.errors import ConfigError


def test_a_pattern_is_found_as_often_as_it_occurs() -> None:
    glycerol = mol_from_canonical("OCC(O)CO")
    assert count_substructures(glycerol, "[OX2H]") == 3
    assert has_substructure(glycerol, "[CH2][OH]")
    assert not has_substructure(glycerol, "c1ccccc1")


@pytest.mark.parametrize("smarts", ["", "C(", "[C", "aspirin", "C" * 1_001])
def test_what_is_no_pattern_is_refused(smarts: str) -> None:
    with pytest.raises(ConfigError, match="SMARTS pattern"):
        read_smarts(smarts)
