"""Why an input is no molecule, in words: reached only by what the gate refuses, so it may take its time."""

from __future__ import annotations

import re
from typing import NoReturn

from rdkit import Chem

from molvae.chem.reasons import Reason
from molvae.errors import MoleculeError

_INCHI_KEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")
_CAS_NUMBER = re.compile(r"\d{2,7}-\d\d-\d")
_SELFIES = re.compile(r"(\[[^\[\]]{1,30}\]){2,}")
_NAME = re.compile(r"[A-Za-z][a-z]{3,}.*|[a-z]{4,}|.*(acid|ine|ol|one|ide|ate)")
_MISSING = frozenset(("nan", "none", "null", "na", "n/a", "#n/a", "nat", "<na>"))


def shown(text: str, limit: int = 60) -> str:
    """Return `text` in quotes and in ASCII, so that no control character reaches a terminal or a log.

    >>> shown("CO" + chr(0x41E)) == ascii("CO" + chr(0x41E))
    True
    """
    return ascii(text if len(text) <= limit else text[:limit] + "...")


def refuse_type(value: object) -> NoReturn:
    """Raise `type`: the input is neither text nor an RDKit molecule."""
    missing = value is None or isinstance(value, float) or type(value).__name__ in ("NAType", "NaTType")
    hint = "; a missing value?" if missing else ""
    raise MoleculeError(Reason.TYPE, f"a molecule must be a SMILES string, got {type(value).__name__}{hint}")


def refuse_characters(text: str) -> NoReturn:
    """Raise `bad_character`, naming the first one and where it stands."""
    position, character = next((i, c) for i, c in enumerate(text) if not " " <= c <= "~")
    hint = ""
    if character == "\t":
        hint = "; a whole line of a file? the column with the SMILES is wanted"
    elif character == "\ufeff":
        hint = "; a byte-order mark: read the file as utf-8-sig"
    raise MoleculeError(
        Reason.BAD_CHARACTER, f"U+{ord(character):04X} at character {position + 1}: SMILES is printable ASCII{hint}"
    )


def refuse_blank(text: str) -> NoReturn:
    """Raise `embedded_whitespace`: RDKit would read what stands before the blank and ignore or interpret the rest."""
    hint = "a CXSMILES extension" if "|" in text else "a name after the SMILES, or a chemical name"
    raise MoleculeError(Reason.EMBEDDED_WHITESPACE, f"{shown(text)} has a blank inside: {hint} is not read here")


def check_format(text: str) -> None:
    """Raise `wrong_format` or `reaction` where the text is another notation; most texts pass.

    Raises:
        MoleculeError: an InChI, an InChIKey or a reaction.
    """
    if text[:6].lower() == "inchi=":
        raise MoleculeError(Reason.WRONG_FORMAT, "an InChI, not SMILES; convert it (rdkit.Chem.MolFromInchi)")
    if _INCHI_KEY.fullmatch(text):
        raise MoleculeError(Reason.WRONG_FORMAT, "an InChIKey, which names a molecule but does not hold its structure")
    if ">" in text and ">" in text.replace("->", ""):
        raise MoleculeError(Reason.REACTION, f"{shown(text)} is a reaction, not a molecule")


def refuse_unparsable(text: str, raw: Chem.Mol | None) -> NoReturn:
    """Raise `syntax`, `valence` or `kekulize` for a text that RDKit refuses; `raw` is its unsanitized molecule."""
    if raw is None:
        raise MoleculeError(Reason.SYNTAX, f"{shown(text)} is not SMILES{_syntax_hint(text)}")
    try:
        problems = Chem.DetectChemistryProblems(raw)
    except (RuntimeError, ValueError) as err:
        raise MoleculeError(Reason.VALENCE, f"RDKit fails on it: {shown(str(err).strip(), 200)}") from err
    if not problems:
        raise MoleculeError(Reason.SYNTAX, f"{shown(text)} cannot be read as a molecule")
    kind, message = problems[0].GetType(), problems[0].Message()
    message = message[:1].lower() + message[1:]
    if kind == "AtomValenceException":
        raise MoleculeError(Reason.VALENCE, message)
    if kind == "AtomKekulizeException" and not any(atom.IsInRing() for atom in _with_rings(raw).GetAtoms()):
        hint = f"; for an element write [{text}]" if len(text) == 2 else ""
        raise MoleculeError(Reason.SYNTAX, f"lower-case atoms are aromatic, but {shown(text)} has no ring{hint}")
    raise MoleculeError(Reason.KEKULIZE, f"{message.strip()}; an aromatic nitrogen with a hydrogen is written [nH]")


def selfies_hint(text: str) -> str:
    """Return a hint where the text looks like SELFIES, which RDKit reads as SMILES without hydrogens.

    >>> selfies_hint("[C][C][O]")
    '; it looks like SELFIES'
    """
    return "; it looks like SELFIES" if _SELFIES.fullmatch(text) and "#6" not in text else ""


def _with_rings(raw: Chem.Mol) -> Chem.Mol:
    Chem.FastFindRings(raw)
    return raw


def _syntax_hint(text: str) -> str:
    if text.lower() in _MISSING:
        return ": a missing value"
    if _CAS_NUMBER.fullmatch(text):
        return ": it looks like a CAS number"
    if _SELFIES.fullmatch(text):
        return ": it looks like SELFIES" if "Ring" in text or "Branch" in text or "[=" in text else ""
    if "{" in text:
        return ": it looks like BigSMILES"
    if "[#" in text or ("," in text and "[" in text):
        return ": it looks like SMARTS"
    if _NAME.fullmatch(text) and text.replace("-", "").isalpha():
        return ": it looks like a name"
    return ""
