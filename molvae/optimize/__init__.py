"""Objectives and searches: what molecules are to be optimized for, with an exact budget, and how they are found.

The package is also the function that users call: `molvae.optimize("qed", budget=1000)`, see `molvae.optimize.run`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.optimize.aims import Aim
    from molvae.optimize.build import build_strategy
    from molvae.optimize.constraints import (
        Constraint,
        Contains,
        InDomain,
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
    from molvae.optimize.laboratory import Laboratory, LaboratorySettings
    from molvae.optimize.measurements import Measurement, Proposed, Told
    from molvae.optimize.objective import Objective
    from molvae.optimize.result import Result
    from molvae.optimize.rounds import Round, search
    from molvae.optimize.scored import Scored
    from molvae.optimize.scorers import NamedObjective, named_objectives
    from molvae.optimize.strategy import Proposal, Strategy
    from molvae.optimize.tasks import PMO_TASKS, Task, rediscovery, similarity

_MODULES = {
    "aims": ("Aim",),
    "build": ("build_strategy",),
    "constraints": ("Constraint", "Contains", "InDomain", "Lacks", "NoAlerts", "PropertyRange", "SimilarTo",
                    "ValueRange", "max_atoms"),
    "curves": ("AtLeast", "AtMost", "Capped", "Chained", "Curve", "Distance", "Linear", "Near", "Ramp", "SmoothRamp",
               "SquaredDistance"),
    "goals": ("Goal",),
    "journal": ("Call", "read_journal"),
    "laboratory": ("Laboratory", "LaboratorySettings"),
    "measurements": ("Measurement", "Proposed", "Told"),
    "objective": ("Objective",),
    "result": ("Result",),
    "scored": ("Scored",),
    "scorers": ("NamedObjective", "named_objectives"),
    "rounds": ("Round", "search"),
    "strategy": ("Proposal", "Strategy"),
    "tasks": ("PMO_TASKS", "Task", "rediscovery", "similarity"),
}  # fmt: skip

__all__ = [
    "PMO_TASKS",
    "Aim",
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
    "InDomain",
    "Laboratory",
    "LaboratorySettings",
    "Lacks",
    "Linear",
    "Measurement",
    "NamedObjective",
    "Near",
    "NoAlerts",
    "Objective",
    "PropertyRange",
    "Proposal",
    "Proposed",
    "Ramp",
    "Result",
    "Round",
    "Scored",
    "SimilarTo",
    "SmoothRamp",
    "SquaredDistance",
    "Strategy",
    "Task",
    "Told",
    "ValueRange",
    "build_strategy",
    "max_atoms",
    "named_objectives",
    "read_journal",
    "rediscovery",
    "search",
    "similarity",
]

__getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
)


class _CallablePackage(ModuleType):
    """Lets `molvae.optimize` be both the package and the function, as the name asks for."""

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        from molvae.optimize.run import optimize

        return optimize(*arguments, **settings)


sys.modules[__name__].__class__ = _CallablePackage
