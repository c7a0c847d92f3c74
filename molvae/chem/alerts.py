"""Structure alerts: fragments that make assays lie or molecules toxic or unstable, from RDKit's own catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

from rdkit import Chem
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

from molvae.chem.molecule import mol_from_canonical
from molvae.errors import ConfigError

# PAINS (doi:10.1021/jm901137j), Brenk (doi:10.1002/cmdc.200700139), NIH (doi:10.1039/c4ob02287d), ZINC's own, and the
# seven sets of ChEMBL 23 (BMS, Dundee, Glaxo, Inpharmatica, LINT, MLSMR, SureChEMBL).
AlertCatalog = Literal["PAINS", "BRENK", "NIH", "ZINC", "CHEMBL"]


@lru_cache(maxsize=16)
def _catalog(names: tuple[AlertCatalog, ...]) -> FilterCatalog:
    params = FilterCatalogParams()
    for name in names:
        if name not in get_args(AlertCatalog):
            raise ConfigError(f"catalogs must be of {', '.join(get_args(AlertCatalog))}, got {name!r}")
        params.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, name))
    return FilterCatalog(params)


def structure_alerts(molecule: str | Chem.Mol, catalogs: Sequence[AlertCatalog] = ("PAINS", "BRENK")) -> list[str]:
    """Return the alerts that a molecule raises, each as RDKit names it; none for a clean one.

    Raises:
        ConfigError: an unknown catalogue.
        MoleculeError: RDKit cannot read the SMILES.

    >>> structure_alerts("O=[N+]([O-])c1ccccc1")
    ['nitro_group', 'Oxygen-nitrogen_single_bond']
    >>> structure_alerts("CCO")
    []
    """
    mol = mol_from_canonical(molecule) if isinstance(molecule, str) else molecule
    return [match.GetDescription() for match in _catalog(tuple(catalogs)).GetMatches(mol)]
