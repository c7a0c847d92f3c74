"""The vocabulary: SELFIES symbols in a fixed, stored order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from molvae.errors import UnknownSymbolError

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"
SPECIAL_SYMBOLS = (PAD, BOS, EOS)
PAD_TOKEN, BOS_TOKEN, EOS_TOKEN = 0, 1, 2

MAX_VOCABULARY = 5_000
_SYMBOL = re.compile(r"\[[A-Za-z0-9@+\-=#/\\.]{1,30}\]|\.")


def split_selfies(selfies: str) -> Iterator[str]:
    """Yield the symbols of a SELFIES string.

    Raises:
        ValueError: text between, before or after the bracketed symbols.

    >>> list(split_selfies("[C][=C].[O]"))
    ['[C]', '[=C]', '.', '[O]']
    """
    end = 0
    for match in _SYMBOL.finditer(selfies):
        if match.start() != end:
            break
        yield match.group()
        end = match.end()
    if end != len(selfies):
        raise ValueError(f"selfies must be a chain of [symbols], got {selfies[end : end + 20]!r} at character {end}")


@dataclass(frozen=True)
class Vocabulary:
    """SELFIES symbols in a fixed order; the position of a symbol is its token.

    >>> vocabulary = Vocabulary.from_symbols(["[O]", "[C]"])
    >>> vocabulary.encode(["[C]", "[O]"])
    [3, 4]
    >>> vocabulary.decode([3, 4])
    '[C][O]'
    """

    symbols: tuple[str, ...]  # starts with <pad>, <bos>, <eos>

    def __post_init__(self) -> None:
        if self.symbols[:3] != SPECIAL_SYMBOLS:
            raise ValueError(f"symbols must start with {SPECIAL_SYMBOLS}, got {self.symbols[:3]}")
        if len(self.symbols) > MAX_VOCABULARY:
            raise ValueError(f"symbols must be at most {MAX_VOCABULARY:,}, got {len(self.symbols):,}")
        for symbol in self.symbols[3:]:
            if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
                raise ValueError(f"symbols must be SELFIES symbols such as '[=C]', got {str(symbol)[:40]!r}")
        if len(set(self.symbols)) != len(self.symbols):
            raise ValueError("symbols must be distinct: a symbol has one token")

    @classmethod
    def from_symbols(cls, symbols: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of these symbols, sorted, so that it is the same in every process."""
        return cls((*SPECIAL_SYMBOLS, *sorted(set(symbols) - set(SPECIAL_SYMBOLS))))

    @classmethod
    def from_selfies(cls, corpus: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of all symbols in a corpus of SELFIES strings."""
        return cls.from_symbols({symbol for selfies in corpus for symbol in split_selfies(selfies)})

    def extended(self, symbols: Iterable[str]) -> Vocabulary:
        """Return this vocabulary with unseen symbols appended, so that every known token keeps its number."""
        return Vocabulary((*self.symbols, *sorted(set(symbols) - set(self.symbols))))

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._index

    @cached_property
    def _index(self) -> dict[str, int]:
        return {symbol: token for token, symbol in enumerate(self.symbols)}

    def token(self, symbol: str) -> int:
        """Return the token of `symbol`.

        Raises:
            UnknownSymbolError: the symbol is not in the vocabulary.
        """
        try:
            return self._index[symbol]
        except KeyError:
            raise UnknownSymbolError(f"symbol {symbol!r} is not among the {len(self)} known symbols") from None

    def encode(self, symbols: Iterable[str]) -> list[int]:
        """Return the tokens of `symbols`, without begin and end."""
        return [self.token(symbol) for symbol in symbols]

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the SELFIES string of `tokens` up to the first end; padding and begin are left out."""
        parts: list[str] = []
        for token in tokens:
            if token == EOS_TOKEN:
                break
            if token > EOS_TOKEN:
                parts.append(self.symbols[token])
        return "".join(parts)
