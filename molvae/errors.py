"""Every error that molvae raises on purpose.

Each type also derives from the built-in that fits, so `except ValueError` keeps working, and each message names the
argument, what was received, the rule and the way out.
"""

from __future__ import annotations


class MolvaeError(Exception):
    """The root: `except MolvaeError` catches what molvae refuses, and nothing else."""


class MoleculeError(MolvaeError, ValueError):
    """A molecule that cannot be taken; `code` is one of `molvae.chem.Reason`, `detail` says it in words."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

    def __reduce__(self) -> tuple[type[MoleculeError], tuple[str, str]]:
        return type(self), (self.code, self.detail)  # the default would pass the message as `code` between processes


class UnknownSymbolError(MolvaeError, KeyError):
    """A SELFIES symbol that the vocabulary does not hold."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError shows the repr, which hides line breaks and doubles quotes


class DataError(MolvaeError, ValueError):
    """A file of molecules, or a token shard, that cannot be read as what it claims to be."""


class ConfigError(MolvaeError, ValueError):
    """A setting, in a file or as an argument, that is unknown, of the wrong type or out of range."""


class CheckpointError(MolvaeError, ValueError):
    """A model folder that is missing, damaged, hostile or from another format."""


class TrainingError(MolvaeError, ArithmeticError):
    """Training cannot go on: a loss or gradient that is not finite, named with epoch, step and term."""


class ObjectiveError(MolvaeError, ValueError):
    """An objective whose function answers otherwise than it must, or whose journal cannot be used."""


class InUseError(MolvaeError, BlockingIOError):
    """A folder or file that another run is writing at this moment."""


class MissingExtraError(MolvaeError, ImportError):
    """An optional dependency that is not installed; the message holds the command that adds it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs the package {package!r}, which is not installed: pip install 'molvae[{extra}]'")
        self.package = package
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (self.package, self.extra)
