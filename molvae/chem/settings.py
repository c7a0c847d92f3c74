"""What a molecule must be, and what is done to it before it is tokenized: the settings stored with every model.

Pure Python, so that training on a node without RDKit can carry them from shard to checkpoint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from molvae.settings import require

# What medicinal chemists write. Everything else is refused with the code `element`: a metal or a noble gas would
# need valences that neither RDKit nor SELFIES states.
ORGANIC_ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")
# All there are: a symbol that RDKit does not know would fail far from here, at the first molecule.
_ELEMENTS = frozenset(
    re.findall(
        "[A-Z][a-z]?",
        "HHeLiBeBCNOFNeNaMgAlSiPSClArKCaScTiVCrMnFeCoNiCuZnGaGeAsSeBrKrRbSrYZrNbMoTcRuRhPdAgCdInSnSbTeIXeCsBaLaCePrNdPmSm"
        "EuGdTbDyHoErTmYbLuHfTaWReOsIrPtAuHgTlPbBiPoAtRnFrRaAcThPaUNpPuAmCmBkCfEsFmMdNoLrRfDbSgBhHsMtDsRgCnNhFlMcLvTsOg",
    )
)


@dataclass(frozen=True, slots=True)
class Standardization:
    """How molecules are standardized and which are refused; stereo, charges and isotopes are kept by default."""

    keep_stereo: bool = True
    keep_isotopes: bool = True
    largest_fragment: bool = False  # False refuses mixtures with the code `mixture`
    neutralize: bool = False
    elements: tuple[str, ...] = ORGANIC_ELEMENTS
    # Caps that keep one molecule from stalling or killing a run: RDKit cannot be interrupted inside C++, and a chain
    # of 18,125 atoms overflows an 8 MB stack.
    max_characters: int = 1_000
    max_atoms: int = 150  # heavy atoms
    max_rings: int = 30
    max_symbols: int = 512

    def __post_init__(self) -> None:
        known = len(self.elements) > 0 and _ELEMENTS.issuperset(self.elements)
        require(known, "elements", "a list of element symbols, not empty", self.elements[:20])
        for name in ("max_characters", "max_atoms", "max_symbols"):
            require(1 <= getattr(self, name) <= 10_000, name, "from 1 to 10,000", getattr(self, name))
        require(0 <= self.max_rings <= 99, "max_rings", "from 0 to 99 (SELFIES writes %100)", self.max_rings)


DEFAULT_STANDARDIZATION = Standardization()
