"""SMILES to tokens and back: the gate, canonical isomeric SMILES, SELFIES, vocabulary.

A strict encode of a molecule that passed the gate did not change one of 40,000 molecules of ZINC and MOSES, so
decoding again to compare is `verify=True` and not the default.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import selfies

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import Molecule, canonical_of_derived, kekulized_smiles, read_quietly
from molvae.chem.reasons import Note, Reason
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.errors import MoleculeError
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
from molvae.tokens.vocabulary import EOS_TOKEN, Vocabulary

_selfies_lock = threading.RLock()  # the constraints of selfies are one table for the whole process


@contextmanager
def selfies_constraints(constraints: Constraints) -> Iterator[None]:
    """Run selfies under `constraints` inside a `with`, alone in this process; the table found is put back.

    >>> before = selfies.get_semantic_constraints()
    >>> with selfies_constraints(Constraints.from_mapping({"C": 4, "?": 0})):
    ...     selfies.decoder("[C][=O]")
    'C'
    >>> selfies.get_semantic_constraints() == before
    True
    """
    table = constraints.as_dict()
    with _selfies_lock:
        before = selfies.get_semantic_constraints()
        if before == table:
            yield
            return
        selfies.set_semantic_constraints(table)
        try:
            yield
        finally:
            selfies.set_semantic_constraints(before)


@dataclass(frozen=True, slots=True)
class TokenizedMolecule:
    """A molecule as SELFIES symbols, before any vocabulary: what a corpus is prepared from."""

    smiles: str  # canonical isomeric
    symbols: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class EncodedMolecule:
    """A molecule as tokens of a vocabulary, without begin and end."""

    smiles: str  # canonical isomeric
    tokens: tuple[int, ...]
    notes: tuple[Note, ...]


def tokenize(
    smiles: object,
    standardization: Standardization = DEFAULT_STANDARDIZATION,
    constraints: Constraints = DEFAULT_CONSTRAINTS,
    *,
    verify: bool = False,
) -> TokenizedMolecule:
    """Return a molecule as SELFIES symbols; `verify` decodes them again and refuses a molecule that came out changed.

    Raises:
        MoleculeError: the gate refuses it, or SELFIES under `constraints` cannot write it.

    >>> tokenize("OCC").symbols
    ('[C]', '[C]', '[O]')
    """
    with quiet_rdkit(), selfies_constraints(constraints):
        return tokenize_quietly(smiles, standardization, verify=verify)


def tokenize_quietly(smiles: object, standardization: Standardization, *, verify: bool = False) -> TokenizedMolecule:
    """Do what `tokenize` does, for bulk work inside one `quiet_rdkit` and one `selfies_constraints`."""
    molecule = read_quietly(smiles, standardization)
    text = selfies_of(molecule)
    symbols = symbols_of(text)
    if len(symbols) > standardization.max_symbols:
        raise MoleculeError(
            Reason.TOO_MANY_SYMBOLS, f"{len(symbols)} SELFIES symbols, at most {standardization.max_symbols} are read"
        )
    if verify:
        _check_unchanged(molecule, text)
    return TokenizedMolecule(molecule.smiles, symbols, molecule.notes)


def selfies_of(molecule: Molecule) -> str:
    """Return the SELFIES string of a molecule that passed the gate, under the constraints in force.

    Raises:
        MoleculeError: `not_representable`, with the atoms that break the constraints.
    """
    try:
        return str(selfies.encoder(molecule.smiles, strict=True))
    except (selfies.EncoderError, KeyError, IndexError):
        pass  # selfies kekulizes by its own rules; RDKit's answer is the judge
    try:
        return str(selfies.encoder(kekulized_smiles(molecule.mol), strict=True))
    except (selfies.EncoderError, KeyError, IndexError) as err:
        reason = " ".join(str(err).split("Errors:")[-1].split())
        raise MoleculeError(Reason.NOT_REPRESENTABLE, f"SELFIES cannot write {molecule.smiles}: {reason}") from err


def symbols_of(text: str) -> tuple[str, ...]:
    """Return the symbols of a SELFIES string of one component that selfies wrote.

    >>> symbols_of("[C][=O]")
    ('[C]', '[=O]')
    """
    return tuple(text.replace("][", "] [").split(" "))


def _check_unchanged(molecule: Molecule, text: str) -> None:
    derived = canonical_of_derived(selfies.decoder(text))
    if derived != molecule.smiles:
        raise MoleculeError(Reason.NOT_REPRESENTABLE, f"SELFIES would change {molecule.smiles} to {derived}")


@dataclass(frozen=True)
class MoleculeCodec:
    """SMILES to tokens and back for one model: its vocabulary, its constraints and its standardization.

    >>> codec = MoleculeCodec(Vocabulary.from_symbols(["[C]", "[O]"]))
    >>> codec.encode("OCC").tokens
    (3, 3, 4)
    >>> codec.decode((3, 3, 4))
    'CCO'
    """

    vocabulary: Vocabulary
    constraints: Constraints = DEFAULT_CONSTRAINTS
    standardization: Standardization = DEFAULT_STANDARDIZATION

    def encode(self, smiles: object, *, verify: bool = False) -> EncodedMolecule:
        """Return the tokens of a molecule.

        Raises:
            MoleculeError: the gate refuses it, SELFIES cannot write it, or the vocabulary lacks a symbol of it.
        """
        with quiet_rdkit(), selfies_constraints(self.constraints):
            return self.encode_quietly(smiles, verify=verify)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the canonical isomeric SMILES of what `tokens` derive to, up to the first end.

        Raises:
            MoleculeError: `empty`, where they derive to no atoms.
            IndexError: a token outside the vocabulary.
        """
        with quiet_rdkit(), selfies_constraints(self.constraints):
            return self.decode_quietly(tokens)

    def encode_quietly(self, smiles: object, *, verify: bool = False) -> EncodedMolecule:
        """Do what `encode` does, for bulk work inside one `quiet_rdkit` and one `selfies_constraints`."""
        molecule = tokenize_quietly(smiles, self.standardization, verify=verify)
        index = self._tokens
        try:
            tokens = tuple([index[symbol] for symbol in molecule.symbols])
        except KeyError:
            unknown = sorted({symbol for symbol in molecule.symbols if symbol not in index})
            raise MoleculeError(
                Reason.UNKNOWN_SYMBOL,
                f"{', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not in the vocabulary of this model",
            ) from None
        return EncodedMolecule(molecule.smiles, tokens, molecule.notes)

    def decode_quietly(self, tokens: Sequence[int]) -> str:
        """Do what `decode` does, for bulk work inside one `quiet_rdkit` and one `selfies_constraints`."""
        return canonical_of_derived(selfies.decoder(self.vocabulary.decode(tokens)))

    def check(self) -> None:
        """Decode every symbol alone and after `[C]`.

        Raises:
            ValueError: a symbol that selfies or RDKit cannot take, so no model may hold it.
        """
        with quiet_rdkit(), selfies_constraints(self.constraints):
            for symbol in self.vocabulary.symbols[EOS_TOKEN + 1 :]:
                for text in (symbol, "[C]" + symbol):
                    try:
                        derived = selfies.decoder(text)
                        if derived:
                            canonical_of_derived(derived)
                    except (selfies.DecoderError, ValueError, KeyError, RecursionError) as err:
                        raise ValueError(f"symbol {symbol!r} cannot be decoded after {text!r}: {err}") from err

    @cached_property
    def _tokens(self) -> dict[str, int]:
        return {symbol: token for token, symbol in enumerate(self.vocabulary.symbols)}
