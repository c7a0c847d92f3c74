"""Which symbols of a SELFIES string its derivation uses: the rest says nothing about the molecule."""

from __future__ import annotations

from collections.abc import Sequence

from molvae.tokens.derivation import DOT, RING, Rule, closed_rings, derive_fragment
from molvae.tokens.vocabulary import EOS_TOKEN


def used_symbols(tokens: Sequence[int], rules: Sequence[Rule]) -> list[bool]:
    """Tell for each token up to the first end whether the derivation uses it.

    Used are atoms that become part of the molecule, branch symbols that open a branch, ring symbols whose bond is
    made, each with the symbols that state its length, `[epsilon]` where it ends a chain, and `.`. What follows the end
    of a chain, a ring that the free bonds do not allow, and `[nop]` are not.

    >>> from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
    >>> from molvae.tokens.derivation import derivation_rules
    >>> from molvae.tokens.vocabulary import Vocabulary
    >>> vocabulary = Vocabulary.from_symbols(["[C]", "[F]", "[Ring1]"])
    >>> rules = derivation_rules(vocabulary.symbols, DEFAULT_CONSTRAINTS)
    >>> used_symbols(vocabulary.encode(["[C]", "[F]", "[C]", "[Ring1]"]), rules)
    [True, True, False, False]
    """
    atoms: list[Rule] = []
    parents: list[int] = []
    orders: list[int] = []
    rings: list[tuple[int, int, Rule, int]] = []
    spans: list[tuple[int, list[int]]] = []  # kind, and the places in `tokens`
    used = []
    fragment: list[tuple[int, Rule]] = []

    def finish() -> None:
        read: list[tuple[int, int, int]] = []
        derive_fragment([rule for _, rule in fragment], atoms, parents, orders, rings, read)
        spans.extend((kind, [place for place, _ in fragment[start:stop]]) for kind, start, stop in read)
        fragment.clear()

    for place, token in enumerate(tokens):
        if token == EOS_TOKEN:
            break
        used.append(rules[token][0] == DOT)
        if rules[token][0] < DOT:
            fragment.append((place, rules[token]))
        elif rules[token][0] == DOT:
            finish()
    finish()
    made: list[bool] = []
    closed_rings(rings, atoms, parents, orders, made)
    bonds = iter(made)
    for kind, places in spans:
        if kind != RING or next(bonds):
            for place in places:
                used[place] = True
    return used
