"""Structure alerts: known offenders, clean molecules, and only the catalogues asked for."""

from __future__ import annotations

import pytest

from molvae.chem.alerts import structure_alerts
from molvae.chem.molecule import mol_from_canonical
from molvae.errors import ConfigError

RHODANINE = "O=C1NC(=S)SC1=Cc1ccccc1"


def test_a_rhodanine_is_a_known_offender() -> None:
    assert structure_alerts(RHODANINE, ["PAINS"]) == ["ene_rhod_A(235)"]
    assert structure_alerts(mol_from_canonical(RHODANINE), ["PAINS"]) == ["ene_rhod_A(235)"]
    assert structure_alerts("CCOc1ccccc1") == []


def test_catalogues_add_up() -> None:
    both = structure_alerts(RHODANINE)
    assert sorted(both) == sorted(structure_alerts(RHODANINE, ["PAINS"]) + structure_alerts(RHODANINE, ["BRENK"]))


def test_an_unknown_catalogue_is_refused() -> None:
    with pytest.raises(ConfigError, match="catalogs must be of PAINS"):
        structure_alerts("CC", ["ALL"])  # type: ignore[list-item]
