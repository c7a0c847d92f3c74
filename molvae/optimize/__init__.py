"""Objectives: what molecules are to be optimized for, with an exact budget and a record of every call."""

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.optimize.constraints import (
        Constraint,
        Contains,
        Lacks,
        NoAlerts,
        PropertyRange,
        SimilarTo,
        ValueRange,
        max_atoms,
    )
    from molvae.optimize.curves import (
        AtLeast,
        AtMost,
        Capped,
        Chained,
        Curve,
        Distance,
        Linear,
        Near,
        Ramp,
        SmoothRamp,
        SquaredDistance,
    )
    from molvae.optimize.goals import Goal
    from molvae.optimize.journal import Call, read_journal
    from molvae.optimize.objective import Objective
    from molvae.optimize.scored import Scored
    from molvae.optimize.scorers import NamedObjective, named_objectives
    from molvae.optimize.tasks import PMO_TASKS, Task, rediscovery, similarity

_MODULES = {
    "constraints": ("Constraint", "Contains", "Lacks", "NoAlerts", "PropertyRange", "SimilarTo", "ValueRange",
                    "max_atoms"),
    "curves": ("AtLeast", "AtMost", "Capped", "Chained", "Curve", "Distance", "Linear", "Near", "Ramp", "SmoothRamp",
               "SquaredDistance"),
    "goals": ("Goal",),
    "journal": ("Call", "read_journal"),
    "objective": ("Objective",),
    "scored": ("Scored",),
    "scorers": ("NamedObjective", "named_objectives"),
    "tasks": ("PMO_TASKS", "Task", "rediscovery", "similarity"),
}  # fmt: skip

__all__ = [
    "PMO_TASKS",
    "AtLeast",
    "AtMost",
    "Call",
    "Capped",
    "Chained",
    "Constraint",
    "Contains",
    "Curve",
    "Distance",
    "Goal",
    "Lacks",
    "Linear",
    "NamedObjective",
    "Near",
    "NoAlerts",
    "Objective",
    "PropertyRange",
    "Ramp",
    "Scored",
    "SimilarTo",
    "SmoothRamp",
    "SquaredDistance",
    "Task",
    "ValueRange",
    "max_atoms",
    "named_objectives",
    "read_journal",
    "rediscovery",
    "similarity",
]

__getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
)
