"""The 20 tasks of the PMO benchmark that need only RDKit, as GuacaMol defines them.

GuacaMol: Brown et al., doi:10.1021/acs.jcim.8b00839. PMO: Gao et al., arXiv:2206.12411, which takes GuacaMol's v2
definitions, and beside them QED and one formula from its list of trivial tasks. Every score lies between 0 and 1.

Two errors of other implementations are not repeated. Formulas count all atoms, hydrogens too (an old release of
PyTDC read them off the SMILES, which changed both isomer tasks, sitagliptin and zaleplon). A task has no state
(there, `scaffold_hop` and `deco_hop` share a pattern with opposite meanings).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from molvae.chem.descriptors import Measure, bertz_complexity, descriptor_function
from molvae.chem.formulas import element_counts, parse_formula
from molvae.chem.molecule import Mol, mol_from_canonical
from molvae.chem.similarity import FingerprintKind, SimilarityTo
from molvae.chem.substructures import has_substructure
from molvae.optimize.curves import AtLeast, AtMost, Curve, Near, Ramp

_formula = cache(parse_formula)


@dataclass(frozen=True)
class Task:
    """A function of canonical SMILES strings: the mean of several parts, each a number between 0 and 1."""

    parts: tuple[Measure, ...]
    mean: Literal["arithmetic", "geometric"] = "geometric"

    def __call__(self, smiles: Sequence[str]) -> list[float]:
        return [self.score(mol_from_canonical(text)) for text in smiles]

    def score(self, mol: Mol) -> float:
        """Return the score of one RDKit molecule."""
        scores = [part(mol) for part in self.parts]
        if self.mean == "arithmetic":
            return sum(scores) / len(scores)
        return math.prod(scores) ** (1 / len(scores))


@dataclass(frozen=True)
class _Curved:
    measure: Measure
    curve: Curve

    def __call__(self, mol: Mol) -> float:
        return float(self.curve(self.measure(mol)))


@dataclass(frozen=True)
class _Pattern:
    """1.0 where the pattern occurs, or where it does not if it is not `wanted`; 0.0 otherwise."""

    smarts: str
    wanted: bool = True

    def __call__(self, mol: Mol) -> float:
        return float(has_substructure(mol, self.smarts) is self.wanted)


@dataclass(frozen=True)
class _Formula:
    """Closeness to a molecular formula: the geometric mean over its elements and the number of all atoms."""

    formula: str

    def __call__(self, mol: Mol) -> float:
        wanted, found = _formula(self.formula), element_counts(mol)
        scores = [float(Near(count, sigma=1)(found[element])) for element, count in wanted.items()]
        scores.append(float(Near(sum(wanted.values()), sigma=2)(found.total())))
        return math.prod(scores) ** (1 / len(scores))


@dataclass(frozen=True)
class _Element:
    symbol: str

    def __call__(self, mol: Mol) -> float:
        return element_counts(mol)[self.symbol]


def similarity(reference: str, fingerprint: FingerprintKind = "ECFP4", *, enough: float = 0.75) -> Task:
    """Return the task to find molecules like `reference`, a SMILES string; a similarity of `enough` scores 1.

    >>> similarity("c1ccccc1O", enough=1.0)(["Nc1ccccc1"])[0].__round__(3)
    0.538
    """
    return Task((_similar(reference, fingerprint, Ramp(end=enough)),))


def rediscovery(reference: str) -> Task:
    """Return the task to find `reference` itself, a SMILES string, by its ECFP4 similarity.

    >>> rediscovery("c1ccccc1O")(["Oc1ccccc1"])
    [1.0]
    """
    return similarity(reference, enough=1.0)


def _similar(reference: str, fingerprint: FingerprintKind, curve: Curve | None = None) -> Measure:
    measure = SimilarityTo(reference, fingerprint)
    return measure if curve is None else _Curved(measure, curve)


def _descriptor(name: str, curve: Curve) -> Measure:
    return _Curved(descriptor_function(name), curve)


def _like(reference: str, measure: Measure, sigma: float) -> Measure:
    """Return closeness to what `measure` gives for the reference."""
    return _Curved(measure, Near(measure(mol_from_canonical(reference)), sigma))


_LOGP, _TPSA = descriptor_function("logp"), descriptor_function("tpsa")
_SITAGLIPTIN = "NC(CC(=O)N1CCn2c(nnc2C(F)(F)F)C1)Cc1cc(F)c(F)cc1F"
_HOP_FROM = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
_HOP_SCAFFOLD = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"


def _albuterol_similarity() -> Task:
    return similarity("CC(C)(C)NCC(O)c1ccc(O)c(CO)c1", "FCFP4", enough=0.75)


def _amlodipine_mpo() -> Task:
    amlodipine = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
    return Task((_similar(amlodipine, "ECFP4"), _descriptor("rings", Near(3, sigma=0.5))))


def _celecoxib_rediscovery() -> Task:
    return rediscovery("CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F")


def _deco_hop() -> Task:
    parts = (
        _similar(_HOP_FROM, "PHCO", Ramp(end=0.85)),
        _Pattern("CS([#6])(=O)=O", wanted=False),
        _Pattern("[#7]-c1ccc2ncsc2c1", wanted=False),
        _Pattern(_HOP_SCAFFOLD),
    )
    return Task(parts, mean="arithmetic")


def _fexofenadine_mpo() -> Task:
    fexofenadine = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
    return Task((
        _similar(fexofenadine, "AP", Ramp(end=0.8)),
        _descriptor("tpsa", AtLeast(90, sigma=10)),
        _descriptor("logp", AtMost(4, sigma=1)),
    ))  # fmt: skip


def _isomers_c7h8n2o2() -> Task:
    return Task((_Formula("C7H8N2O2"),))


def _isomers_c9h10n2o2pf2cl() -> Task:
    return Task((_Formula("C9H10N2O2PF2Cl"),))


def _median1() -> Task:
    return Task((_similar("CC(C)C1CCC(C)CC1O", "ECFP4"), _similar("CC1(C)C2CCC1(C)C(=O)C2", "ECFP4")))


def _median2() -> Task:
    tadalafil = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
    sildenafil = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
    return Task((_similar(tadalafil, "ECFP6"), _similar(sildenafil, "ECFP6")))


def _mestranol_similarity() -> Task:
    return similarity("COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1", "AP", enough=0.75)


def _osimertinib_mpo() -> Task:
    osimertinib = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
    return Task((
        _similar(osimertinib, "FCFP4", Ramp(end=0.8)),
        _similar(osimertinib, "ECFP6", AtMost(0.85, sigma=0.1)),
        _descriptor("tpsa", AtLeast(100, sigma=10)),
        _descriptor("logp", AtMost(1, sigma=1)),
    ))  # fmt: skip


def _perindopril_mpo() -> Task:
    perindopril = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
    return Task((_similar(perindopril, "ECFP4"), _descriptor("aromatic_rings", Near(2, sigma=0.5))))


def _qed() -> Task:
    return Task((descriptor_function("qed"),))


def _ranolazine_mpo() -> Task:
    ranolazine = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
    return Task((
        _similar(ranolazine, "AP", Ramp(end=0.7)),
        _descriptor("logp", AtLeast(7, sigma=1)),
        _descriptor("tpsa", AtLeast(95, sigma=20)),
        _Curved(_Element("F"), Near(1, sigma=1)),
    ))  # fmt: skip


def _scaffold_hop() -> Task:
    parts = (
        _similar(_HOP_FROM, "PHCO", Ramp(end=0.75)),
        _Pattern("[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"),
        _Pattern(_HOP_SCAFFOLD, wanted=False),
    )
    return Task(parts, mean="arithmetic")


def _sitagliptin_mpo() -> Task:
    """Unlike sitagliptin, with its properties."""
    sitagliptin = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
    return Task((
        _similar(sitagliptin, "ECFP4", Near(0, sigma=0.1)),
        _like(sitagliptin, _LOGP, sigma=0.2),
        _like(sitagliptin, _TPSA, sigma=5),
        _Formula("C16H15F6N5O"),
    ))  # fmt: skip


def _thiothixene_rediscovery() -> Task:
    return rediscovery("CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1")


def _troglitazone_rediscovery() -> Task:
    return rediscovery("Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O")


def _valsartan_smarts() -> Task:
    """A substructure of valsartan with the properties of sitagliptin."""
    return Task((
        _Pattern("CN(C=O)Cc1ccc(c2ccccc2)cc1"),
        _like(_SITAGLIPTIN, _LOGP, sigma=0.2),
        _like(_SITAGLIPTIN, _TPSA, sigma=5),
        _like(_SITAGLIPTIN, bertz_complexity, sigma=30),
    ))  # fmt: skip


def _zaleplon_mpo() -> Task:
    zaleplon = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"
    return Task((_similar(zaleplon, "ECFP4"), _Formula("C19H17N3O2")))


PMO_TASKS: Mapping[str, Callable[[], Task]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _albuterol_similarity, _amlodipine_mpo, _celecoxib_rediscovery, _deco_hop, _fexofenadine_mpo,
        _isomers_c7h8n2o2, _isomers_c9h10n2o2pf2cl, _median1, _median2, _mestranol_similarity, _osimertinib_mpo,
        _perindopril_mpo, _qed, _ranolazine_mpo, _scaffold_hop, _sitagliptin_mpo, _thiothixene_rediscovery,
        _troglitazone_rediscovery, _valsartan_smarts, _zaleplon_mpo,
    )
}  # fmt: skip
