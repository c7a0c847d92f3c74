"""RDKit's log: silent inside, as before outside."""

from __future__ import annotations

import pytest
from rdkit import Chem, rdBase

from molvae.chem.logs import quiet_rdkit


def test_rdkit_is_silent_inside_and_speaks_again_outside(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_rdkit(), quiet_rdkit():
        Chem.MolFromSmiles("C1CC")
    assert capfd.readouterr().err == ""
    Chem.MolFromSmiles("C1CC")
    assert "unclosed ring" in capfd.readouterr().err


def test_what_was_off_stays_off_and_an_error_restores_too() -> None:
    before = rdBase.LogStatus()
    with pytest.raises(ZeroDivisionError), quiet_rdkit():
        _ = 1 / 0
    assert rdBase.LogStatus() == before
