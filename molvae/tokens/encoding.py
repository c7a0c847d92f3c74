"""Canonical SMILES to SELFIES symbols: what `selfies.encoder` writes, in a third of its time.

selfies builds several objects for each atom, bond and symbol, also those of an attribution that nobody asked for.
Here atoms and bonds are entries of flat lists, and an atom text is read once per process. The Kekulé structure comes
from the matching of selfies itself, so that the symbols are the same; tests hold them equal. Whatever is not an
ordinary SMILES string within the constraints gives `None`, and `molvae.tokens.codec` asks selfies for its verdict.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from selfies.constants import AROMATIC_VALENCES, ELEMENTS, VALENCE_ELECTRONS
from selfies.utils.matching_utils import find_perfect_matching

from molvae.tokens.constraints import Constraints
from molvae.tokens.derivation import DIGITS, is_atom_symbol

_TOKEN = re.compile(r"\[[^\]]*\]|Br|Cl|%\d\d|.")
_ATOM = re.compile(r"\[(\d{0,4})([A-Z][a-z]?|[bcnops]|se|te|si|as)(@{0,2})(?:H(\d?))?(\+\d?|-\d?)?\]")
_BARE = frozenset(("B", "C", "N", "O", "S", "P", "F", "Cl", "Br", "I", "b", "c", "n", "o", "s", "p"))
_BOND_ORDERS = {"-": 1, "/": 1, "\\": 1, ":": 1.5, "=": 2, "#": 3}
_BONDS = ("", "", "=", "#")  # by order
_INVERTED = {"": "", "@": "@@", "@@": "@"}
_MAX_ATOM_TEXTS = 20_000  # the texts come from outside, so what is remembered is bounded


class _Atom(NamedTuple):
    """An atom text of SMILES, such as `[nH]` or `Cl`."""

    body: str  # its SELFIES symbol without bond and brackets
    inverted: str  # the same with the opposite chirality
    chiral: bool
    aromatic: bool
    capacity: int  # bonds that the constraints allow beside explicit hydrogens
    element: str
    hydrogens: int | None  # None where they are implied
    charge: int


class AtomTable(dict[str, _Atom | None]):
    """The atoms met so far, by their text; `None` for a text that is no atom."""

    def __init__(self, constraints: Constraints) -> None:
        self._capacities = constraints.as_dict()

    def __missing__(self, text: str) -> _Atom | None:
        atom = self._read(text)
        if len(self) < _MAX_ATOM_TEXTS:
            self[text] = atom
        return atom

    def _read(self, text: str) -> _Atom | None:
        if text in _BARE:
            element = text.capitalize()
            return _Atom(element, element, False, text.islower(), self._capacity(element, 0), element, None, 0)
        match = _ATOM.fullmatch(text)
        if match is None or match[2].capitalize() not in ELEMENTS:
            return None
        isotope, name, chirality, hydrogen, charged = match.groups()
        element = name.capitalize()
        hydrogens = 0 if hydrogen is None else int(hydrogen or 1)
        charge = int(charged + "1" if charged in ("+", "-") else charged or 0)
        number = str(int(isotope)) if isotope else ""
        suffix = (f"H{hydrogens}" if hydrogens else "") + (f"{charge:+d}" if charge else "")
        if not (number or chirality or suffix) and element in _BARE:
            suffix = "H0"
        body, inverted = (number + element + mark + suffix for mark in (chirality, _INVERTED[chirality]))
        if not is_atom_symbol(f"[{body}]"):
            return None  # a charge of 10, which selfies would write and not read again
        capacity = self._capacity(element, charge) - hydrogens
        return _Atom(body, inverted, bool(chirality), name.islower(), capacity, element, hydrogens, charge)

    def _capacity(self, element: str, charge: int) -> int:
        key = f"{element}{charge:+d}" if charge else element
        return self._capacities.get(key, self._capacities["?"])


@lru_cache(maxsize=16)
def atom_table(constraints: Constraints) -> AtomTable:
    """Return the table of atoms under `constraints`, one for the whole process."""
    return AtomTable(constraints)


class _Bond:
    """A bond as the atom sees it from which it leaves; a ring bond leaves from both its atoms."""

    __slots__ = ("opening", "order", "ring", "stereo", "target")

    def __init__(self, target: int, order: float, stereo: str, *, ring: bool = False, opening: str = "") -> None:
        self.target = target
        self.order = order
        self.stereo = stereo  # a slash or nothing
        self.ring = ring
        self.opening = opening  # the slash at the other end, where the ring was opened


class _Graph:
    """A molecule as SMILES spells it: atoms in order, and the bonds that leave each atom in order."""

    def __init__(self) -> None:
        self.atoms: list[_Atom] = []
        self.bonds: list[list[_Bond]] = []
        self.counts: list[float] = []  # bonds of each atom, with explicit hydrogens left out
        self.delocalized: dict[int, list[int]] = {}  # aromatic atoms, and their neighbours across aromatic bonds
        self.aromatic: dict[tuple[int, int], tuple[_Bond, ...]] = {}

    def join(self, a: int, b: int, order: float, *bonds: _Bond) -> None:
        """Count a bond between two atoms and remember an aromatic one."""
        self.counts[a] += order
        self.counts[b] += order
        if order == 1.5:
            self.delocalized[a].append(b)
            self.delocalized[b].append(a)
            self.aromatic[a, b] = self.aromatic[b, a] = bonds


def encoded(smiles: str, atoms: AtomTable) -> tuple[str, ...] | None:
    """Return the SELFIES symbols of a canonical SMILES string of one component, or `None` to leave it to selfies.

    >>> from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
    >>> encoded("CC(=O)O", atom_table(DEFAULT_CONSTRAINTS))
    ('[C]', '[C]', '[=Branch1]', '[C]', '[=O]', '[O]')
    """
    graph = _read(smiles, atoms)
    if graph is None or (graph.delocalized and not _kekulize(graph)):
        return None
    for atom, count in zip(graph.atoms, graph.counts, strict=True):
        if count > atom[4]:  # capacity
            return None
    return _written(graph)


def _read(smiles: str, table: AtomTable) -> _Graph | None:
    graph = _Graph()
    atoms, bonds, counts = graph.atoms, graph.bonds, graph.counts
    open_rings: dict[str, tuple[int, int, str]] = {}  # atom, place among its bonds, bond
    branches: list[int] = []
    last = -1
    bond = ""
    for text in _TOKEN.findall(smiles):
        atom = table[text]
        if atom is not None:
            index = len(atoms)
            atoms.append(atom)
            bonds.append([])
            counts.append(0)
            if atom.aromatic:
                graph.delocalized[index] = []
            if last >= 0:
                order = _order(bond, atoms[last], atom)
                into = _Bond(index, order, bond if bond in "/\\" else "")
                bonds[last].append(into)
                graph.join(last, index, order, into)
            elif index:
                return None
            last, bond = index, ""
        elif text == "(" and last >= 0:
            branches.append(last)
        elif text == ")":
            if not branches:
                return None
            last = branches.pop()
        elif text in _BOND_ORDERS:
            bond = text
        elif text[-1].isdigit() and last >= 0:
            if text not in open_rings:
                open_rings[text] = (last, len(bonds[last]), bond)
                bonds[last].append(_Bond(-1, 0, ""))  # filled where the ring closes
            else:
                start, place, opening = open_rings.pop(text)
                if opening and bond and opening != bond and not (opening in "/\\" and bond in "/\\"):
                    return None
                order = max(_order(opening or bond, atoms[start], atoms[last]), _BOND_ORDERS.get(bond, 1))
                opens = _Bond(last, order, opening if opening in "/\\" else "", ring=True)
                closes = _Bond(start, order, bond if bond in "/\\" else "", ring=True, opening=opens.stereo)
                bonds[start][place] = opens
                bonds[last].append(closes)
                graph.join(start, last, order, opens, closes)
            bond = ""
        else:
            return None
    return None if open_rings or branches or bond or not atoms else graph


def _order(bond: str, a: _Atom, b: _Atom) -> float:
    if bond:
        return _BOND_ORDERS[bond]
    return 1.5 if a.aromatic and b.aromatic else 1


def _kekulize(graph: _Graph) -> bool:
    """Replace aromatic bonds by single and double ones; tell whether that is possible."""
    delocalized, counts = graph.delocalized, graph.counts
    kept = [index for index in sorted(delocalized) if _takes_double_bond(graph, index)]
    label = {index: number for number, index in enumerate(kept)}
    matching = find_perfect_matching([[label[to] for to in delocalized[index] if to in label] for index in kept])
    if matching is None:
        return False
    for index, neighbours in delocalized.items():
        counts[index] = int(counts[index] - 0.5 * len(neighbours))
    for bonds in graph.aromatic.values():
        for bond in bonds:
            bond.order = 1
    for number, other in enumerate(matching):
        counts[kept[number]] += 1
        for bond in graph.aromatic[kept[number], kept[other]]:
            bond.order = 2
    return True


def _takes_double_bond(graph: _Graph, index: int) -> bool:
    """Tell whether an aromatic atom has an electron for a double bond, by the rules of selfies."""
    neighbours = graph.delocalized[index]
    if not neighbours:
        return False
    atom, count = graph.atoms[index], graph.counts[index]
    valences = AROMATIC_VALENCES[atom.element]
    used = int(count - 0.5 * len(neighbours))
    if atom.hydrogens is None:
        return used not in valences
    used += atom.hydrogens
    if used + atom.charge in valences:
        return False
    bound = max(0, atom.charge) + atom.hydrogens + int(count) + int(2 * (count % 1))
    unpaired = max(0, VALENCE_ELECTRONS[atom.element] - bound) % 2
    free = valences[-1] - atom.charge - used - unpaired
    return bool(free >= 0 and free % 2)


def _written(graph: _Graph) -> tuple[str, ...] | None:
    """Return the symbols; from the last atom to the first, so that what a branch holds is known before its length."""
    bonds = graph.bonds
    chains: list[list[str]] = [[] for _ in bonds]  # the symbols from each atom to the end of its chain
    for index in range(len(bonds) - 1, -1, -1):
        chain = chains[index]  # holds nothing yet; the atom's own symbol is put first by its parent, who has the bond
        leaving = bonds[index]
        final = len(leaving) - 1
        for place, bond in enumerate(leaving):
            target = bond.target
            if bond.ring:
                if target < index:
                    digits = _digits(index - target - 1)
                    if bond.order == 1 and (bond.stereo or bond.opening):
                        kind = (bond.opening or "-") + (bond.stereo or "-")
                    else:
                        kind = _BONDS[int(bond.order)]
                    chain.append(f"[{kind}Ring{len(digits)}]")
                    chain += digits
                continue
            body = _body(graph.atoms[target], bonds[target], target)
            symbol = f"[{bond.stereo if bond.order == 1 else _BONDS[int(bond.order)]}{body}]"
            if place != final:
                digits = _digits(len(chains[target]))
                if len(digits) > 3:
                    return None
                chain.append(f"[{_BONDS[int(bond.order)]}Branch{len(digits)}]")
                chain += digits
            chain.append(symbol)
            chain += chains[target]
    return (f"[{_body(graph.atoms[0], bonds[0], 0)}]", *chains[0])


def _body(atom: _Atom, bonds: list[_Bond], index: int) -> str:
    """Return an atom as SELFIES writes it; ring bonds come first there, which may turn its chirality over."""
    if not atom.chiral or not any(bond.ring for bond in bonds):
        return atom.body
    places = range(len(bonds))
    closing = [place for place in places if bonds[place].ring and bonds[place].target < index]
    opening = [place for place in places if bonds[place].ring and bonds[place].target > index]
    opening.sort(key=lambda place: bonds[place].target)
    order = closing + opening + [place for place in places if not bonds[place].ring]
    swaps = sum(order[i] > order[j] for i in places for j in range(i + 1, len(order)))
    return atom.inverted if swaps % 2 else atom.body


def _digits(number: int) -> list[str]:
    digits = [DIGITS[number % len(DIGITS)]]
    while number := number // len(DIGITS):
        digits.append(DIGITS[number % len(DIGITS)])
    return digits[::-1]
