"""Tanimoto similarity to one molecule, on fingerprints that count and are not folded, as GuacaMol's scores need.

Folding to 2,048 bits makes unlike fragments share a bit and shifts similarities by up to 0.05.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal, get_args

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator as generators

from molvae.chem.molecule import mol_from_canonical
from molvae.chem.pharmacophores import pharmacophore_fingerprint
from molvae.errors import ConfigError

# Morgan counts of radius 2 and 3 (doi:10.1021/ci100050t), of radius 2 on feature classes, atom pairs up to ten bonds
# apart (doi:10.1021/ci00046a002), and pharmacophore pairs and triangles, which are there or not.
FingerprintKind = Literal["ECFP4", "ECFP6", "FCFP4", "AP", "PHCO"]


@cache
def _fingerprint_function(kind: FingerprintKind) -> Callable[[Chem.Mol], Any]:
    if kind == "PHCO":
        return pharmacophore_fingerprint
    if kind == "AP":
        generator = generators.GetAtomPairGenerator(maxDistance=10)
    elif kind == "FCFP4":
        invariants = generators.GetMorganFeatureAtomInvGen()
        generator = generators.GetMorganGenerator(radius=2, atomInvariantsGenerator=invariants)
    else:
        generator = generators.GetMorganGenerator(radius={"ECFP4": 2, "ECFP6": 3}[kind])
    function: Callable[[Chem.Mol], Any] = generator.GetSparseCountFingerprint
    return function


@dataclass(frozen=True)
class SimilarityTo:
    """A function of an RDKit molecule: its Tanimoto similarity to `reference`, from 0 to 1; stereo is left out.

    >>> round(SimilarityTo("c1ccccc1O")(mol_from_canonical("c1ccccc1N")), 3)
    0.538
    """

    reference: str  # SMILES that RDKit can read
    fingerprint: FingerprintKind = "ECFP4"

    def __post_init__(self) -> None:
        """Read the reference now, so that a wrong one is refused where it is given.

        Raises:
            ConfigError: an unknown fingerprint.
            MoleculeError: RDKit cannot read the reference.
        """
        if self.fingerprint not in get_args(FingerprintKind):
            raise ConfigError(f"fingerprint must be one of {get_args(FingerprintKind)}, got {self.fingerprint!r}")
        _ = self._of_reference

    @cached_property
    def _of_reference(self) -> Any:
        return _fingerprint_function(self.fingerprint)(mol_from_canonical(self.reference))

    def __call__(self, mol: Chem.Mol) -> float:
        fingerprint = _fingerprint_function(self.fingerprint)(mol)
        return float(DataStructs.TanimotoSimilarity(fingerprint, self._of_reference))
