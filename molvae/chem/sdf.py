"""SDF: records of molecules with a name and properties, read one at a time and written from SMILES."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from rdkit import Chem
from rdkit.Chem import rdDepictor

from molvae.chem.limits import MAX_RING_BONDS
from molvae.chem.logs import quiet_rdkit
from molvae.chem.reasons import Reason
from molvae.chem.refusals import refuse_unparsable, shown
from molvae.errors import MoleculeError

_END = b"$$$$"
_MAX_LINE = 10_000  # characters
_MAX_RECORD = 4_000_000  # characters; a molecule of 1,000 atoms with its properties takes a tenth of it
_MAX_ATOMS = 2_000  # no gate lets more through, and RDKit writes SMILES recursively


@dataclass(frozen=True, slots=True)
class SdfRecord:
    """One record: isomeric SMILES, or the reason why it has none; name and properties are kept either way."""

    smiles: str | None
    name: str
    properties: dict[str, str]
    refusal: MoleculeError | None


def iterate_sdf(stream: BinaryIO) -> Iterator[SdfRecord]:
    """Yield the records of an SDF stream; only one is in memory at a time, and a bad one does not end the stream.

    >>> import io
    >>> [record] = iterate_sdf(io.BytesIO(sdf_record("CCO", "ethanol", {"boiling": "78.4"}).encode()))
    >>> record.smiles, record.name, record.properties
    ('CCO', 'ethanol', {'boiling': '78.4'})
    """
    lines: list[bytes] = []
    size = 0
    while line := stream.readline(_MAX_LINE):
        if line.startswith(_END):
            yield _record(lines, size)
            lines, size = [], 0
            continue
        size += len(line)
        if size <= _MAX_RECORD:
            lines.append(line)
    if any(line.strip() for line in lines):
        yield _record(lines, size)


def sdf_record(smiles: str, name: str, properties: Mapping[str, object]) -> str:
    """Return one SDF record with 2D coordinates; an empty SMILES gives a record without atoms, so that rows stay.

    Raises:
        MoleculeError: RDKit cannot read the SMILES.
    """
    with quiet_rdkit():
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            refuse_unparsable(smiles, Chem.MolFromSmiles(smiles, sanitize=False))
        rdDepictor.Compute2DCoords(mol)
        mol.SetProp("_Name", _one_line(name))
        parts = [Chem.MolToMolBlock(mol)]
    for key, value in properties.items():
        if value is not None:
            parts.append(f">  <{_one_line(key).replace('>', ' ')}>\n{_value_line(str(value))}\n\n")
    return "".join(parts) + "$$$$\n"


def _record(lines: list[bytes], size: int) -> SdfRecord:
    text = [_text(line) for line in lines]
    name = text[0].strip() if text else ""
    end = next((number for number, line in enumerate(text) if line.startswith("M  END")), len(text) - 1) + 1
    properties = _properties(text[end:])
    if size > _MAX_RECORD:
        refusal = MoleculeError(Reason.TOO_LONG, f"a record of {size:,} bytes, at most {_MAX_RECORD:,} are read")
        return SdfRecord(None, name, properties, refusal)
    try:
        return SdfRecord(_smiles("\n".join(text[:end])), name, properties, None)
    except MoleculeError as refusal:
        return SdfRecord(None, name, properties, refusal.with_traceback(None))


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return line.decode("latin-1").rstrip("\r\n")  # what old programs write; it has a character for every byte


def _properties(lines: list[str]) -> dict[str, str]:
    properties: dict[str, str] = {}
    key: str | None = None
    values: list[str] = []
    for line in [*lines, ""]:
        if key is None:
            if line.startswith(">") and "<" in line and ">" in line[line.index("<") :]:
                key = line[line.index("<") + 1 : line.rindex(">")]
        elif line:
            values.append(line)
        else:
            properties[key] = "\n".join(values)
            key, values = None, []
    return properties


def _smiles(block: str) -> str:
    with quiet_rdkit():
        try:
            raw = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False)
            if raw is None:
                raise MoleculeError(Reason.SYNTAX, f"the record {shown(block[:30].strip())} is no MOL block")
            if raw.GetNumAtoms() > _MAX_ATOMS:
                raise MoleculeError(Reason.TOO_LARGE, f"{raw.GetNumAtoms():,} atoms, at most {_MAX_ATOMS:,} are read")
            rings = raw.GetNumBonds() - raw.GetNumAtoms() + len(Chem.GetMolFrags(raw))
            if rings > MAX_RING_BONDS:
                raise MoleculeError(Reason.TOO_LARGE, f"{rings} rings, at most {MAX_RING_BONDS} are read")
            mol = Chem.MolFromMolBlock(block)  # from the text: stereo is read from coordinates and wedges
        except (RuntimeError, ValueError) as err:
            if isinstance(err, MoleculeError):
                raise
            raise MoleculeError(Reason.SYNTAX, f"RDKit fails on it: {shown(str(err).strip(), 200)}") from err
        if mol is None:
            refuse_unparsable("the record", raw)
        return Chem.MolToSmiles(mol)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _value_line(text: str) -> str:
    line = _one_line(text)
    return " " + line if line.startswith((">", "$$$$")) else line  # would open a property or end the record
