"""SELFIES tokens to SMILES: the derivation of selfies 2 (Krenn et al., doi:10.1088/2632-2153/aba947) from a table.

Decoding is the hot path of sampling and of search. selfies looks every symbol of every string up again and holds its
constraints for the whole process; here each token of a vocabulary has its rule, which is several times as fast and
needs no process-wide state, no lock and no recursion. Tests hold it equal to `selfies.decoder`, and so does
`MoleculeCodec.check` for each symbol of a model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from molvae.tokens.constraints import Constraints
from molvae.tokens.vocabulary import EOS_TOKEN

ATOM, BRANCH, RING, STOP, DOT, NOTHING = range(6)
_ENDED = -1  # the state of a chain whose free bonds are used up; 0 is the state before the first atom

# The symbols after a branch or ring symbol are read as the digits of a number to this base.
DIGITS = (
    "[C]", "[Ring1]", "[Ring2]", "[Branch1]", "[=Branch1]", "[#Branch1]", "[Branch2]", "[=Branch2]", "[#Branch2]",
    "[O]", "[N]", "[=N]", "[=C]", "[#C]", "[S]", "[P]",
)  # fmt: skip
_BASE = len(DIGITS)

_ORDERS = {"": 1, "-": 1, "/": 1, "\\": 1, "=": 2, "#": 3}
_BONDS = ("", "", "=", "#")  # by order
_UNBRACKETED = frozenset(("B", "C", "N", "O", "S", "P", "F", "Cl", "Br", "I"))

_BRANCH_SYMBOL = re.compile(r"\[([=#]?)Branch([1-3])\]")
_RING_SYMBOL = re.compile(r"\[([=#]?)Ring([1-3])\]|\[([-/\\])([-/\\])Ring([1-3])\]")
_ATOM_SYMBOL = re.compile(r"\[([=#/\\]?)(\d{0,4})([A-Z][a-z]?)(@{0,2})(H\d)?([+-][1-9])?\]")


class Rule(NamedTuple):
    """What one token does."""

    kind: int
    order: int = 1  # of the bond into the atom, of the ring bond, or the bonds that a branch may take
    size: int = 0  # bonds that the atom can have; tokens that state the length of a branch or ring
    text: str = ""  # the atom in SMILES
    stereo: str = ""  # a slash on the bond into the atom, or where the ring opens
    closing: str = ""  # the same where the ring closes
    digit: int = 0  # what the token says where it states a length


@lru_cache(maxsize=16)
def derivation_rules(symbols: tuple[str, ...], constraints: Constraints) -> tuple[Rule, ...]:
    """Return the rule of each token of a vocabulary, special ones included.

    Raises:
        ValueError: a symbol that the grammar does not know, or an atom with more hydrogens than bonds.
    """
    capacities = constraints.as_dict()
    digits = {symbol: digit for digit, symbol in enumerate(DIGITS)}
    return tuple(
        _rule(symbol, capacities)._replace(digit=digits.get(symbol, 0)) if token > EOS_TOKEN else Rule(NOTHING)
        for token, symbol in enumerate(symbols)
    )


def _rule(symbol: str, capacities: dict[str, int]) -> Rule:
    if symbol == ".":
        return Rule(DOT)
    if symbol == "[nop]":
        return Rule(NOTHING)
    if symbol == "[epsilon]":
        return Rule(STOP)
    if match := _BRANCH_SYMBOL.fullmatch(symbol):
        return Rule(BRANCH, order=_ORDERS[match[1]], size=int(match[2]))
    if match := _RING_SYMBOL.fullmatch(symbol):
        if match[2]:
            return Rule(RING, order=_ORDERS[match[1]], size=int(match[2]))
        if match[3] + match[4] != "--":
            return Rule(RING, size=int(match[5]), stereo=match[3].strip("-"), closing=match[4].strip("-"))
    if match := _ATOM_SYMBOL.fullmatch(symbol):
        return _atom_rule(symbol, match, capacities)
    raise ValueError(f"symbol {symbol!r} is none of SELFIES")


def _atom_rule(symbol: str, match: re.Match[str], capacities: dict[str, int]) -> Rule:
    bond, isotope, element, chirality, hydrogens, charge = match.groups(default="")
    stereo = bond if bond in ("/", "\\") else ""
    bare = symbol[1 + len(bond) : -1] in _UNBRACKETED
    capacity = capacities.get(element + charge, capacities["?"]) - int(hydrogens[1:] or 0)
    if capacity < 0:
        raise ValueError(f"symbol {symbol!r} has more hydrogens than bonds")
    if isotope:
        isotope = str(int(isotope))
    if hydrogens == "H0" and (isotope or chirality or charge or element not in _UNBRACKETED):
        hydrogens = ""
    text = element if bare else f"[{isotope}{element}{chirality}{hydrogens}{charge}]"
    return Rule(ATOM, order=_ORDERS[bond], size=capacity, text=text, stereo=stereo)


def is_atom_symbol(symbol: str) -> bool:
    """Tell whether SELFIES has this symbol of an atom.

    >>> is_atom_symbol("[C@@H1]"), is_atom_symbol("[C-10]")
    (True, False)
    """
    return _ATOM_SYMBOL.fullmatch(symbol) is not None


def atom_of(symbol: str) -> str:
    """Return isotope, element and charge of the symbol of an atom; '' for any other symbol.

    >>> atom_of("[=13C@@H1]"), atom_of("[#N+1]"), atom_of("[Ring1]")
    ('13C', 'N+1', '')
    """
    match = _ATOM_SYMBOL.fullmatch(symbol)
    return f"{match[2]}{match[3]}{match[6] or ''}" if match else ""


def derive(tokens: Sequence[int], rules: Sequence[Rule]) -> str:
    """Return a SMILES string, not canonical, of what `tokens` derive to up to the first end; '' if there is no atom.

    >>> from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
    >>> from molvae.tokens.vocabulary import Vocabulary
    >>> vocabulary = Vocabulary.from_symbols(["[C]", "[=C]", "[Ring1]", "[=Branch1]"])
    >>> benzene = ["[C]", "[=C]", "[C]", "[=C]", "[C]", "[=C]", "[Ring1]", "[=Branch1]"]
    >>> derive(vocabulary.encode(benzene), derivation_rules(vocabulary.symbols, DEFAULT_CONSTRAINTS))
    'C1=CC=CC=C1'
    """
    atoms: list[Rule] = []
    parents: list[int] = []  # of each atom; -1 for the first of a component
    orders: list[int] = []  # of the bond to the parent
    rings: list[tuple[int, int, Rule, int]] = []  # from atom, to atom, rule, order
    fragment: list[Rule] = []
    for token in tokens:
        if token == EOS_TOKEN:
            break
        rule = rules[token]
        if rule[0] < DOT:
            fragment.append(rule)
        elif rule[0] == DOT:
            derive_fragment(fragment, atoms, parents, orders, rings)
            fragment = []
    derive_fragment(fragment, atoms, parents, orders, rings)
    marks = closed_rings(rings, atoms, parents, orders) if rings else {}
    return _written(atoms, parents, orders, marks)


def derive_fragment(
    fragment: list[Rule],
    atoms: list[Rule],
    parents: list[int],
    orders: list[int],
    rings: list[tuple[int, int, Rule, int]],
    read: list[tuple[int, int, int]] | None = None,
) -> None:
    """Append the atoms of one component and the ring bonds that it asks for.

    `read` takes kind, first and last position of what was taken in: atoms, and ring and branch symbols with the symbols
    that state their length.
    """
    count = limit = len(fragment)
    position = state = 0  # `state`: bonds that the last atom has left
    last = -1
    outer: list[tuple[int, int, int]] = []  # limit, state and last atom of the chains that wait for a branch to end
    while True:
        if state == _ENDED or position >= limit:
            if not outer:
                return
            position = max(position, limit)
            limit, state, last = outer.pop()
            continue
        rule = fragment[position]
        kind, order, size, _text, _stereo, _closing, _digit = rule
        position += 1
        if kind == ATOM:
            if state:
                order = min(order, state, size)
                if order:
                    parents.append(last)
                    orders.append(order)
                    last = len(atoms)
                    atoms.append(rule)
                    if read is not None:
                        read.append((ATOM, position - 1, position))
            else:
                order = 0
                parents.append(-1)
                orders.append(0)
                last = len(atoms)
                atoms.append(rule)
                if read is not None:
                    read.append((ATOM, position - 1, position))
            state = size - order or _ENDED
        elif kind == STOP:
            if read is not None and state:
                read.append((STOP, position - 1, position))
            state = state and _ENDED
        elif state > (kind == BRANCH):  # a ring needs one free bond, a branch leaves one for the chain
            length = 1
            for _ in range(size):
                digit = fragment[position][6] if position < count else 0
                length, position = length * _BASE + digit, position + 1
            if read is not None:
                read.append((kind, position - size - 1, min(position, count)))
            length -= _BASE**size - 1
            if kind == RING:
                order = min(order, state)
                rings.append((max(0, last - length), last, rule, order))
                state = state - order or _ENDED
            else:
                order = min(state - 1, order)
                outer.append((limit, state - order, last))
                state, limit = order, min(position + length, count)


def closed_rings(
    rings: list[tuple[int, int, Rule, int]],
    atoms: list[Rule],
    parents: list[int],
    orders: list[int],
    made: list[bool] | None = None,
) -> dict[int, list[str]]:
    """Return the ring marks of each atom in SMILES; a ring bond between bonded atoms raises that bond's order.

    `made` takes for each of `rings` whether its bond is made.
    """
    used = orders.copy()  # bonds of each atom
    for parent, order in zip(parents, orders, strict=True):
        if parent >= 0:
            used[parent] += order
    closed: dict[tuple[int, int], list[int]] = {}  # order
    stereo: dict[tuple[int, int], Rule] = {}
    for start, end, rule, order in rings:
        order = min(order, atoms[start][2] - used[start], atoms[end][2] - used[end])
        possible = start != end and order > 0
        if possible and parents[end] == start:
            order = min(order, 3 - orders[end])
            orders[end] += order
        elif possible and (start, end) in closed:
            order = min(order, 3 - closed[start, end][0])
            closed[start, end][0] += order
        elif possible:
            closed[start, end] = [order]
            stereo[start, end] = rule
        else:
            order = 0
        used[start] += order
        used[end] += order
        if made is not None:
            made.append(order > 0)
    return _ring_marks(closed, stereo)


def _ring_marks(closed: dict[tuple[int, int], list[int]], stereo: dict[tuple[int, int], Rule]) -> dict[int, list[str]]:
    at: dict[int, list[tuple[int, int]]] = {}  # rings of each atom, in the order in which they close
    for ring in closed:
        at.setdefault(ring[0], []).append(ring)
        at.setdefault(ring[1], []).append(ring)
    numbers: dict[tuple[int, int], int] = {}
    marks: dict[int, list[str]] = {}
    for atom in sorted(at):
        for ring in at[atom]:
            number = numbers.setdefault(ring, len(numbers) + 1)
            order, rule = closed[ring][0], stereo[ring]
            bond = _BONDS[order] if order > 1 else rule.stereo if atom == ring[0] else rule.closing
            label = str(number) if number < 10 else f"%{number}" if number < 100 else f"%({number})"
            marks.setdefault(atom, []).append(bond + label)
    return marks


def _written(atoms: list[Rule], parents: list[int], orders: list[int], marks: dict[int, list[str]]) -> str:
    """Return the SMILES string; the atoms stand in the order in which SMILES writes them, branches first."""
    last_child = {parent: atom for atom, parent in enumerate(parents)}
    begun: set[int] = set()  # atoms with a branch already written
    parts: list[str] = []
    for atom, (rule, parent, order) in enumerate(zip(atoms, parents, orders, strict=True)):
        if parent < 0:
            if atom:
                parts.append(".")
        else:
            if parent in begun:
                parts.append(")")
            if last_child[parent] != atom:
                parts.append("(")
                begun.add(parent)
            parts.append(_BONDS[order] if order > 1 else rule[4])
        parts.append(rule[3])
        if atom in marks:
            parts += marks[atom]
    return "".join(parts)
