"""Why a molecule is refused (`Reason`) and what was changed in one that is accepted (`Note`).

Pure Python: token shards count these codes where RDKit is not installed.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The code of a refusal; each refused row carries exactly one, the first rule it breaks.

    >>> Reason("valence") is Reason.VALENCE
    True
    """

    # the text
    EMPTY = "empty"  # nothing there, or no atoms
    TYPE = "type"  # neither text nor an RDKit molecule
    BAD_CHARACTER = "bad_character"  # not ASCII, or a control character
    EMBEDDED_WHITESPACE = "embedded_whitespace"  # RDKit would silently stop reading there
    TOO_LONG = "too_long"  # more characters than the cap
    WRONG_FORMAT = "wrong_format"  # InChI, InChIKey
    REACTION = "reaction"
    # RDKit
    SYNTAX = "syntax"
    VALENCE = "valence"
    KEKULIZE = "kekulize"
    # the graph
    TOO_LARGE = "too_large"  # more heavy atoms or rings than the cap
    BOND_TYPE = "bond_type"  # anything but single, double, triple, aromatic
    DUMMY = "dummy"  # an attachment point or wildcard
    ELEMENT = "element"
    RADICAL = "radical"
    MIXTURE = "mixture"
    NO_CARBON = "no_carbon"
    # SELFIES
    NOT_REPRESENTABLE = "not_representable"  # the constraints of the model do not allow it
    UNKNOWN_SYMBOL = "unknown_symbol"  # the vocabulary of the model lacks one of its symbols
    TOO_MANY_SYMBOLS = "too_many_symbols"
    # the prior
    NOT_SELECTED = "not_selected"  # written, and left out so that samples are distributed as real molecules are
    # the machine
    CRASHED = "crashed"  # the worker process that read it died


class Note(StrEnum):
    """A harmless change to an accepted molecule."""

    STRIPPED = "stripped"  # blanks at the ends
    MAPS_REMOVED = "maps_removed"  # atom-map numbers
    STEREO_DROPPED = "stereo_dropped"  # stereo marks that mean nothing to RDKit, or that the settings remove
    ISOTOPES_DROPPED = "isotopes_dropped"  # as the settings ask
    LARGEST_FRAGMENT = "largest_fragment"  # the other components of a mixture were left out, as the settings ask
    NEUTRALIZED = "neutralized"  # as the settings ask
