"""SMILES and RDKit molecules: the gate with a reason for every refusal, and what is computed from a structure.

The only package that imports rdkit. Names load when first used.
"""

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.chem.alerts import structure_alerts
    from molvae.chem.descriptors import Descriptors, descriptor_matrix
    from molvae.chem.drawing import draw_grid, draw_grid_svg, draw_molecule, draw_molecule_svg
    from molvae.chem.embedded import embedded_path
    from molvae.chem.fingerprints import (
        Fingerprint,
        morgan_counts,
        morgan_fingerprints,
        morgan_matrix,
        tanimoto,
        tanimoto_matrix,
        tanimoto_to,
    )
    from molvae.chem.graph_crossover import crossover
    from molvae.chem.graph_mutation import mutate
    from molvae.chem.lipophilicity import penalized_logp
    from molvae.chem.logs import quiet_rdkit
    from molvae.chem.molecule import Molecule, canonical_smiles, mol_from_canonical, read_molecule
    from molvae.chem.reasons import Note, Reason
    from molvae.chem.scaffolds import murcko_scaffold
    from molvae.chem.sdf import SdfRecord, iterate_sdf, sdf_record
    from molvae.chem.settings import DEFAULT_STANDARDIZATION, ORGANIC_ELEMENTS, Standardization
    from molvae.chem.similarity import SimilarityTo
    from molvae.chem.tables import html_table

__all__ = [
    "DEFAULT_STANDARDIZATION",
    "ORGANIC_ELEMENTS",
    "Descriptors",
    "Fingerprint",
    "Molecule",
    "Note",
    "Reason",
    "SdfRecord",
    "SimilarityTo",
    "Standardization",
    "canonical_smiles",
    "crossover",
    "descriptor_matrix",
    "draw_grid",
    "draw_grid_svg",
    "draw_molecule",
    "draw_molecule_svg",
    "embedded_path",
    "html_table",
    "iterate_sdf",
    "mol_from_canonical",
    "morgan_counts",
    "morgan_fingerprints",
    "morgan_matrix",
    "murcko_scaffold",
    "mutate",
    "penalized_logp",
    "quiet_rdkit",
    "read_molecule",
    "sdf_record",
    "structure_alerts",
    "tanimoto",
    "tanimoto_matrix",
    "tanimoto_to",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "DEFAULT_STANDARDIZATION": "molvae.chem.settings",
        "ORGANIC_ELEMENTS": "molvae.chem.settings",
        "Descriptors": "molvae.chem.descriptors",
        "Fingerprint": "molvae.chem.fingerprints",
        "Molecule": "molvae.chem.molecule",
        "Note": "molvae.chem.reasons",
        "Reason": "molvae.chem.reasons",
        "SdfRecord": "molvae.chem.sdf",
        "SimilarityTo": "molvae.chem.similarity",
        "Standardization": "molvae.chem.settings",
        "canonical_smiles": "molvae.chem.molecule",
        "crossover": "molvae.chem.graph_crossover",
        "descriptor_matrix": "molvae.chem.descriptors",
        "draw_grid": "molvae.chem.drawing",
        "draw_grid_svg": "molvae.chem.drawing",
        "draw_molecule": "molvae.chem.drawing",
        "draw_molecule_svg": "molvae.chem.drawing",
        "embedded_path": "molvae.chem.embedded",
        "html_table": "molvae.chem.tables",
        "iterate_sdf": "molvae.chem.sdf",
        "mol_from_canonical": "molvae.chem.molecule",
        "morgan_counts": "molvae.chem.fingerprints",
        "morgan_fingerprints": "molvae.chem.fingerprints",
        "morgan_matrix": "molvae.chem.fingerprints",
        "murcko_scaffold": "molvae.chem.scaffolds",
        "mutate": "molvae.chem.graph_mutation",
        "penalized_logp": "molvae.chem.lipophilicity",
        "quiet_rdkit": "molvae.chem.logs",
        "read_molecule": "molvae.chem.molecule",
        "sdf_record": "molvae.chem.sdf",
        "structure_alerts": "molvae.chem.alerts",
        "tanimoto": "molvae.chem.fingerprints",
        "tanimoto_matrix": "molvae.chem.fingerprints",
        "tanimoto_to": "molvae.chem.fingerprints",
    },
)
