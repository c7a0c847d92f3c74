"""RDKit's log messages, quieted for a while and then as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rdkit import rdBase


@contextmanager
def quiet_rdkit() -> Iterator[None]:
    """Silence RDKit inside a `with`; whatever was enabled before is enabled again, whatever was not stays off.

    A refused molecule says why in its `MoleculeError`; RDKit would also print it to standard error.
    """
    with rdBase.BlockLogs():
        yield
