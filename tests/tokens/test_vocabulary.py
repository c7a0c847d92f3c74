"""The vocabulary: a fixed order, an explicit answer to the unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.errors import UnknownSymbolError
from molvae.tokens.vocabulary import EOS_TOKEN, PAD_TOKEN, SPECIAL_SYMBOLS, Vocabulary, split_selfies

symbols = st.lists(st.sampled_from(["[C]", "[=C]", "[N+1]", "[/C]", "[Ring1]", "[C@@H1]", "."]))


@given(symbols)
def test_symbols_survive_their_round_trip(chain: list[str]) -> None:
    vocabulary = Vocabulary.from_symbols(chain)
    text = vocabulary.decode(vocabulary.encode(chain))
    assert text == "".join(chain)
    assert list(split_selfies(text)) == chain


@given(symbols, symbols)
def test_an_extension_keeps_every_known_token(known: list[str], new: list[str]) -> None:
    vocabulary = Vocabulary.from_symbols(known)
    extended = vocabulary.extended(new)
    assert extended.symbols[: len(vocabulary)] == vocabulary.symbols
    assert set(extended.symbols) == {*SPECIAL_SYMBOLS, *known, *new}


def test_the_order_does_not_depend_on_the_order_of_the_corpus() -> None:
    assert Vocabulary.from_selfies(["[O][C]", "[N]"]) == Vocabulary.from_selfies(["[N]", "[C][O]"])


def test_an_unknown_symbol_is_named() -> None:
    vocabulary = Vocabulary.from_symbols(["[C]"])
    assert "[C]" in vocabulary
    assert "[Xe]" not in vocabulary
    with pytest.raises(UnknownSymbolError, match=r"'\[Xe\]' is not among the 4 known"):
        vocabulary.token("[Xe]")


def test_decoding_stops_at_the_end_and_skips_padding() -> None:
    vocabulary = Vocabulary.from_symbols(["[C]"])
    assert vocabulary.decode([PAD_TOKEN, 3, EOS_TOKEN, 3]) == "[C]"


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (("[C]",), "must start with"),
        ((*SPECIAL_SYMBOLS, "C"), "SELFIES symbols"),
        ((*SPECIAL_SYMBOLS, "[C]", "[C]"), "distinct"),
        ((*SPECIAL_SYMBOLS, "[" + "C" * 40 + "]"), "SELFIES symbols"),
        ((*SPECIAL_SYMBOLS, *(f"[C{number}]" for number in range(5_000))), "at most"),
    ],
)
def test_what_is_no_vocabulary_is_refused(chain: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vocabulary(chain)


@pytest.mark.parametrize("text", ["garbage", "CCO", "[C]C", "[C", "C]", "[C] [C]"])
def test_text_that_is_no_selfies_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="character"):
        list(split_selfies(text))
