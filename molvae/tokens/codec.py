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
from molvae.tokens.derivation import Rule, derivation_rules, derive
from molvae.tokens.encoding import atom_table, encoded
from molvae.tokens.vocabulary import EOS_TOKEN, SPECIAL_SYMBOLS, Vocabulary, split_selfies

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
    with quiet_rdkit():
        return tokenize_molecule(read_quietly(smiles, standardization), standardization, constraints, verify=verify)


def tokenize_molecule(
    molecule: Molecule, standardization: Standardization, constraints: Constraints, *, verify: bool = False
) -> TokenizedMolecule:
    """Return a molecule that passed the gate as SELFIES symbols; see `tokenize`."""
    symbols = encoded(molecule.smiles, atom_table(constraints)) or _symbols_by_selfies(molecule, constraints)
    if len(symbols) > standardization.max_symbols:
        raise MoleculeError(
            Reason.TOO_MANY_SYMBOLS, f"{len(symbols)} SELFIES symbols, at most {standardization.max_symbols} are read"
        )
    if verify:
        _check_unchanged(molecule, symbols, constraints, standardization)
    return TokenizedMolecule(molecule.smiles, symbols, molecule.notes)


def _symbols_by_selfies(molecule: Molecule, constraints: Constraints) -> tuple[str, ...]:
    """Return what selfies itself writes, or its reason for not doing so.

    Raises:
        MoleculeError: `not_representable`.
    """
    with selfies_constraints(constraints):
        try:
            # selfies kekulizes by rules of its own; where they fail, RDKit's answer is the judge
            text = selfies.encoder(kekulized_smiles(molecule.mol), strict=True)
            symbols = tuple(split_selfies(text))
            derivation_rules((*SPECIAL_SYMBOLS, *symbols), constraints)
        except (selfies.EncoderError, KeyError, IndexError, ValueError) as err:
            reason = " ".join(str(err).split("Errors:")[-1].split())
            raise MoleculeError(Reason.NOT_REPRESENTABLE, f"SELFIES cannot write {molecule.smiles}: {reason}") from err
    return symbols


def _check_unchanged(
    molecule: Molecule, symbols: tuple[str, ...], constraints: Constraints, standardization: Standardization
) -> None:
    vocabulary = Vocabulary.from_symbols(symbols)
    rules = derivation_rules(vocabulary.symbols, constraints)
    derived = canonical_of_derived(derive(vocabulary.encode(symbols), rules), standardization)
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
        return self.with_tokens(tokenize(smiles, self.standardization, self.constraints, verify=verify))

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the canonical isomeric SMILES of what `tokens` derive to, up to the first end.

        Raises:
            MoleculeError: `empty`, where they derive to no atoms; `too_large`, to more than the standardization takes.
            IndexError: a token outside the vocabulary.
        """
        with quiet_rdkit():
            return canonical_of_derived(self.derive(tokens), self.standardization)

    def with_tokens(self, molecule: TokenizedMolecule) -> EncodedMolecule:
        """Return a tokenized molecule with the tokens of this vocabulary in place of its symbols.

        Raises:
            MoleculeError: `unknown_symbol`, naming each symbol that the vocabulary lacks.
        """
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

    def encode_as_written(self, smiles: str) -> tuple[int, ...] | None:
        """Return the tokens of a sound SMILES string in the order of its atoms, canonical or not.

        None where the constraints or the vocabulary cannot write it.

        >>> MoleculeCodec(Vocabulary.from_symbols(["[C]", "[O]"])).encode_as_written("OCC")
        (4, 3, 3)
        """
        symbols = encoded(smiles, atom_table(self.constraints))
        if symbols is None or any(symbol not in self._tokens for symbol in symbols):
            return None
        return tuple(self._tokens[symbol] for symbol in symbols)

    def derive(self, tokens: Sequence[int]) -> str:
        """Return a SMILES string, not canonical and not checked, of what `tokens` derive to; '' for no atom."""
        return derive(tokens, self.rules)

    def check(self) -> None:
        """Decode every symbol alone and after `[C]`, here and by selfies itself.

        Raises:
            ValueError: a symbol that selfies or RDKit cannot take, or that selfies reads otherwise, so that no model
                may hold it.
        """
        vocabulary = self.vocabulary.extended(["[C]"])
        rules = derivation_rules(vocabulary.symbols, self.constraints)
        with quiet_rdkit(), selfies_constraints(self.constraints):
            for symbol in self.vocabulary.symbols[EOS_TOKEN + 1 :]:
                for text in (symbol, "[C]" + symbol):
                    try:
                        derived = derive(vocabulary.encode(split_selfies(text)), rules)
                        if derived != selfies.decoder(text):
                            raise ValueError(f"it derives to {derived!r}, by selfies to {selfies.decoder(text)!r}")
                        if derived:
                            canonical_of_derived(derived)
                    except (selfies.DecoderError, ValueError, KeyError, RecursionError) as err:
                        raise ValueError(f"symbol {symbol!r} cannot be decoded after {text!r}: {err}") from err

    def __reduce__(self) -> tuple[type[MoleculeCodec], tuple[Vocabulary, Constraints, Standardization]]:
        return type(self), (self.vocabulary, self.constraints, self.standardization)  # caches stay in their process

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What each token of the vocabulary does in a derivation."""
        return derivation_rules(self.vocabulary.symbols, self.constraints)

    @cached_property
    def _tokens(self) -> dict[str, int]:
        return {symbol: token for token, symbol in enumerate(self.vocabulary.symbols)}
