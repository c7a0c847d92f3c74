"""The semantic constraints of SELFIES as a value: how many bonds each (element, charge) may have.

They are process-wide state in the selfies library; here they are a value that travels with the model, and
`molvae.tokens.codec` sets them only while it works. Pure Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from molvae.settings import require

# The `default` table of selfies 2.2.0 (2.1.1 had other values for C+1, P+1, P-1 and S+1).
_SELFIES_2_2_0 = {
    "H": 1, "F": 1, "Cl": 1, "Br": 1, "I": 1,
    "B": 3, "B+1": 2, "B-1": 4,
    "O": 2, "O+1": 3, "O-1": 1,
    "N": 3, "N+1": 4, "N-1": 2,
    "C": 4, "C+1": 3, "C-1": 3,
    "P": 5, "P+1": 4, "P-1": 6,
    "S": 6, "S+1": 5, "S-1": 5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Constraints:
    """Bond capacities in a fixed order, as `(("C", 4), ("N+1", 4), …)`; `?` is the capacity of anything not listed."""

    capacities: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        table = dict(self.capacities)
        require(len(table) == len(self.capacities) <= 500, "capacities", "at most 500 distinct entries", len(table))
        require("?" in table, "capacities", "a table with an entry '?' for all others", sorted(table)[:5])
        for key, capacity in table.items():
            require(
                isinstance(key, str) and type(capacity) is int and 0 <= capacity <= 8,
                f"capacity of {key!r}",
                "a whole number from 0 to 8",
                capacity,
            )

    @classmethod
    def from_mapping(cls, table: Mapping[str, int]) -> Constraints:
        """Return the constraints of a table such as `selfies.get_semantic_constraints()`."""
        return cls(tuple(table.items()))

    def as_dict(self) -> dict[str, int]:
        """Return the table that `selfies.set_semantic_constraints` takes."""
        return dict(self.capacities)


# What selfies 2.2.0 leaves to `?` (8 bonds, which RDKit refuses on silicon) and molvae's elements need: the usual
# number of bonds of each (element, charge), never above what RDKit accepts. Everything else, `?`, gets no bond at all,
# so a string over any vocabulary derives to a molecule that RDKit sanitizes.
_ADDED = {
    "Si": 4, "Si+1": 3, "Si-1": 5,
    "Se": 6, "Se+1": 5, "Se-1": 5, "Se+2": 4,
    "S+2": 4, "P+2": 3,
    "F+1": 2, "Cl+1": 2, "Br+1": 2, "I+1": 2,
    "Cl+2": 3, "Br+2": 3, "I+2": 3,  # chloric, bromic and iodic acid, charge-separated
    "Cl+3": 4, "Br+3": 4, "I+3": 4,  # perchlorates and their kin
    "H+1": 0, "H-1": 0, "F-1": 0, "Cl-1": 0, "Br-1": 0, "I-1": 0, "O-2": 0, "S-2": 0, "Se-2": 0,
    "?": 0,
}  # fmt: skip

DEFAULT_CONSTRAINTS = Constraints.from_mapping(_SELFIES_2_2_0 | _ADDED)
