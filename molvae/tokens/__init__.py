"""SMILES to SELFIES tokens and back, under constraints that are a value and not global state.

The only package that imports selfies. Names load when first used.
"""

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.tokens.bulk import decode_many, encode_many, resolve_workers, tokenize_many
    from molvae.tokens.codec import EncodedMolecule, MoleculeCodec, TokenizedMolecule, selfies_constraints, tokenize
    from molvae.tokens.constraints import DEFAULT_CONSTRAINTS, Constraints
    from molvae.tokens.vocabulary import Vocabulary, split_selfies

__all__ = [
    "DEFAULT_CONSTRAINTS",
    "Constraints",
    "EncodedMolecule",
    "MoleculeCodec",
    "TokenizedMolecule",
    "Vocabulary",
    "decode_many",
    "encode_many",
    "resolve_workers",
    "selfies_constraints",
    "split_selfies",
    "tokenize",
    "tokenize_many",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "DEFAULT_CONSTRAINTS": "molvae.tokens.constraints",
        "Constraints": "molvae.tokens.constraints",
        "EncodedMolecule": "molvae.tokens.codec",
        "MoleculeCodec": "molvae.tokens.codec",
        "TokenizedMolecule": "molvae.tokens.codec",
        "Vocabulary": "molvae.tokens.vocabulary",
        "decode_many": "molvae.tokens.bulk",
        "encode_many": "molvae.tokens.bulk",
        "resolve_workers": "molvae.tokens.bulk",
        "selfies_constraints": "molvae.tokens.codec",
        "split_selfies": "molvae.tokens.vocabulary",
        "tokenize": "molvae.tokens.codec",
        "tokenize_many": "molvae.tokens.bulk",
    },
)
