"""What can be said of one molecule from its structure alone: the row of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rdkit import Chem

from molvae.chem.alerts import AlertCatalog, structure_alerts
from molvae.chem.descriptors import descriptor_function
from molvae.chem.molecule import read_any
from molvae.chem.moses import moses_fingerprint
from molvae.chem.oddities import Finding, oddities
from molvae.errors import MoleculeError

ALERT_CATALOGS: tuple[AlertCatalog, ...] = ("PAINS", "BRENK", "NIH", "CHEMBL")


class Alert(NamedTuple):
    """A structure alert that a molecule raises."""

    catalog: str
    name: str


class Structure(NamedTuple):
    """What RDKit and the checks say of a molecule; of one that cannot be read, why."""

    smiles: str | None  # canonical isomeric, None where it cannot be read
    reason: str = ""  # a code of `Reason` where it cannot
    detail: str = ""  # the reason in words
    findings: tuple[Finding, ...] = ()  # atoms are numbered as in `smiles`
    alerts: tuple[Alert, ...] = ()
    sa_score: float = float("nan")  # synthetic accessibility, 1 easy to 10 hard
    scaffold: str = ""  # Murcko, '' for a molecule without rings
    fingerprint: bytes = b""  # Morgan, radius 2, 1,024 bits


def describe_structure(smiles: str, catalogs: Sequence[AlertCatalog] = ALERT_CATALOGS) -> Structure:
    """Return what can be said of a SMILES string, whatever stands in it; the log of RDKit is left as it is.

    >>> found = describe_structure("C1=CC1[CH]C", ["BRENK"])
    >>> [finding.code.value for finding in found.findings]
    ['radical', 'strained_ring']
    >>> describe_structure("C1CC").reason
    'syntax'
    """
    try:
        canonical = Chem.MolToSmiles(read_any(smiles))
        mol = read_any(canonical)  # whose atoms stand in the order of the canonical SMILES
    except MoleculeError as err:
        return Structure(None, str(err.code), err.detail)
    alerts = tuple(Alert(catalog, name) for catalog in catalogs for name in structure_alerts(mol, (catalog,)))
    return Structure(
        canonical, findings=tuple(oddities(mol)), alerts=alerts, sa_score=_sa_score(mol), scaffold=_scaffold(mol),
        fingerprint=moses_fingerprint(mol),
    )  # fmt: skip


def _sa_score(mol: Chem.Mol) -> float:
    if mol.GetNumHeavyAtoms() == 0:  # the score divides by the number of fingerprint bits
        return float("nan")
    return float(descriptor_function("sa_score")(mol))


def _scaffold(mol: Chem.Mol) -> str:
    if mol.GetRingInfo().NumRings() == 0:
        return ""
    return Chem.MolToSmiles(Chem.MurckoDecompose(mol), isomericSmiles=False)
