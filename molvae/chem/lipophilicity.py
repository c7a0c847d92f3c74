"""Penalized logP: lipophilicity minus difficulty of synthesis minus large rings (arXiv:1703.01925, 1802.04364).

Long chains raise it without limit, so every use states a cap on the number of atoms. The papers found rings with a
cycle basis of networkx, which depends on the order of the atoms (for 0.7 % of 4,000 drug-like molecules) and knows
larger rings than chemists do (1.5 %); here they are RDKit's smallest ones.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from rdkit import Chem

from molvae.chem.descriptors import descriptor_function

Normalization = Literal["zinc", "zinc-nigam", "none"]


class _Statistics(NamedTuple):
    """Mean and standard deviation of each term over ZINC250k."""

    logp: tuple[float, float]
    sa_score: tuple[float, float]
    ring: tuple[float, float]


_STATISTICS: dict[Normalization, _Statistics] = {
    # You et al., arXiv:1806.02473; also MoFlow and most others
    "zinc": _Statistics(
        logp=(2.4570953396190123, 1.434324401111988),
        sa_score=(3.0525811293166134, 0.8335207024513095),
        ring=(0.0485696876403053, 0.2860212110245455),
    ),
    # Nigam et al., arXiv:1909.11655
    "zinc-nigam": _Statistics(
        logp=(2.4729421499641497, 1.4157879815362406),
        sa_score=(3.0470797085649894, 0.830643172314514),
        ring=(0.038131530820234766, 0.2240274735210179),
    ),
    # Zhou et al., doi:10.1038/s41598-019-47148-x (MolDQN)
    "none": _Statistics(logp=(0.0, 1.0), sa_score=(0.0, 1.0), ring=(0.0, 1.0)),
}


def penalized_logp(mol: Chem.Mol, normalization: Normalization = "zinc") -> float:
    """Return logP − SA score − ring penalty, each term first standardized unless `normalization` is "none".

    The ring penalty is the number of atoms by which the largest ring exceeds six.

    >>> ethane = Chem.MolFromSmiles("CC")
    >>> logp, sa_score = descriptor_function("logp")(ethane), descriptor_function("sa_score")(ethane)
    >>> penalized_logp(ethane, "none") == logp - sa_score
    True
    """
    largest = max(map(len, mol.GetRingInfo().AtomRings()), default=0)
    terms = (descriptor_function("logp")(mol), descriptor_function("sa_score")(mol), float(max(largest - 6, 0)))
    logp, sa_score, ring = (
        (term - mean) / deviation for term, (mean, deviation) in zip(terms, _STATISTICS[normalization], strict=True)
    )
    return logp - sa_score - ring
