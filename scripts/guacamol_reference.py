"""Write tests/optimize/guacamol_scores.csv: what GuacaMol's own code gives for the 20 tasks of `molvae.optimize.tasks`.

Development only; the tests read the file. GuacaMol pins old packages, so install it without them and never in an
environment that matters:

    pip install --no-deps guacamol==0.5.5
    python scripts/guacamol_reference.py

The shipped file was written with guacamol 0.5.5, rdkit 2026.09.1, numpy 2.4.6 and scipy 1.17.1.
"""

from __future__ import annotations

import csv
import sys
import types
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import scipy

from molvae.chem import canonical_smiles
from molvae.datasets import atomic_path, read_rows
from molvae.optimize.tasks import PMO_TASKS

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "tests" / "optimize" / "guacamol_scores.csv"

# What makes the tasks score: their targets and neighbours of these, isomers, and molecules whose atoms are easily
# miscounted (charges, isotopes, hydrogens that are atoms of the graph).
BESIDE_DRUGS = (
    "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1", "CC(C)(C)NCC(O)c1ccc(O)c(CCO)c1", "CCC(C)(C)NCC(O)c1ccc(O)c(CN)c1",
    r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC", "COC(=O)C1=C(C)NC(COCCN)=C(C(=O)OCC)C1c1cccc2ccccc12",
    "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F", "NS(=O)(=O)c1ccc(-n2nc(C(F)F)cc2-c2ccccc2)cc1",
    "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C", "CCCOc1cc2ncnc(Nc3ccc4[nH]ccc4c3)c2cc1S(N)(=O)=O",
    "CCCOc1cc2ncnc(Nc3ccc4ocnc4c3)c2cc1C(=O)C(C)(C)C", "CCCOc1ccc(C(=O)Nc2ccc3ncsc3c2)cc1S(=O)(=O)C(C)(C)C",
    "CCCOc1cc2cccc(Nc3ccc4ncsc4c3)c2cc1", "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4",
    "CC(O)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccn4", "COc1ccc(C(N)=O)cn1", "NC(=O)c1cccc(N)c1O",
    "Nc1ccc(C(=O)O)cc1N", "CNC(=O)c1ccc(O)cn1", "CP(=O)(OC(F)F)N1CCc2cc(Cl)ccc2N1", "O=P(Cl)(c1ccc(N)c(F)c1F)N1CCOC1",
    "CC1OC(=O)N(c2ccc(P)c(Cl)c2F)C1F", "CC(C)C1CCC(C)CC1O", "CC1(C)C2CCC1(C)C(=O)C2", "CC1CCC2(C)C(=O)CC1C2(C)C",
    "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C",
    "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C",
    "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1", "CC12CCC3c4ccc(O)cc4CCC3C1CCC2(O)C#C",
    "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34",
    "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C(N)=O)c4ncccc34",
    "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC", "CCOC(=O)C(CCc1ccccc1)NC(C)C(=O)N1c2ccccc2CC1C(=O)O",
    "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2", "COc1ccc(F)cc1OCC(O)CN1CCN(CC(=O)Nc2c(C)cccc2CCCCCC)CC1",
    "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F", "NC(Cc1cc(F)c(F)c(F)c1)CC(=O)N1CCn2c(nnc2C(F)(F)F)C1",
    "NCCC(=O)N(Cc1cc(F)c(F)cc1F)c1nnc(C(F)(F)F)n1C1CC1", "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1",
    "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O", "CCCCC(=O)N(Cc1ccc(cc1)-c1ccccc1)C(C(C)C)C(=O)O",
    "CN(C=O)Cc1ccc(-c2ccccc2)cc1", "CN(Cc1ccc(-c2ccc(S(N)(=O)=O)cc2F)cc1)C(=O)CF",
    "CC(=O)N(C)Cc1ccc(-c2ccc(F)cc2S(N)(=O)=O)cc1", "CCOCN(Cc1ccc(-c2ccc(CO)cc2C(N)=O)cc1)C(C)=O",
    "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1", "O=C(C)N(CC)c1cccc(-c2ccnc3c(C(=O)c4ccccc4)cnn23)c1",
    "[2H]C([2H])([2H])Oc1ccc(C(N)=O)cn1", "C[N+](C)(C)CC(=O)[O-]", "[H]/N=C(\\N)c1ccccc1", "[13CH3]c1ccncc1", "C",
)  # fmt: skip


def guacamol_tasks() -> dict[str, Any]:
    """Return GuacaMol's objective of each task, keyed by our name."""
    # Two things that GuacaMol imports are gone or not installed, and none of its objectives calls them.
    scipy.histogram = numpy.histogram
    sys.modules.setdefault("fcd", types.ModuleType("fcd"))
    from guacamol import standard_benchmarks as guacamol
    from guacamol.benchmark_suites import goal_directed_suite_v2

    suite = {benchmark.name: benchmark for benchmark in goal_directed_suite_v2()}
    named = {
        "albuterol_similarity": suite["Albuterol similarity"],
        "amlodipine_mpo": suite["Amlodipine MPO"],
        "celecoxib_rediscovery": suite["Celecoxib rediscovery"],
        "deco_hop": suite["Deco Hop"],
        "fexofenadine_mpo": suite["Fexofenadine MPO"],
        "isomers_c7h8n2o2": guacamol.isomers_c7h8n2o2(),
        "isomers_c9h10n2o2pf2cl": suite["C9H10N2O2PF2Cl"],
        "median1": suite["Median molecules 1"],
        "median2": suite["Median molecules 2"],
        "mestranol_similarity": suite["Mestranol similarity"],
        "osimertinib_mpo": suite["Osimertinib MPO"],
        "perindopril_mpo": suite["Perindopril MPO"],
        "qed": guacamol.qed_benchmark(),
        "ranolazine_mpo": suite["Ranolazine MPO"],
        "scaffold_hop": suite["Scaffold Hop"],
        "sitagliptin_mpo": suite["Sitagliptin MPO"],
        "thiothixene_rediscovery": suite["Thiothixene rediscovery"],
        "troglitazone_rediscovery": suite["Troglitazone rediscovery"],
        "valsartan_smarts": suite["Valsartan SMARTS"],
        "zaleplon_mpo": suite["Zaleplon MPO"],
    }
    assert list(named) == list(PMO_TASKS)
    return {name: benchmark.objective for name, benchmark in named.items()}


def main() -> None:
    """Score all molecules and write the table."""
    drugs = [row.smiles for row in read_rows(ROOT / "data" / "drugs.smi") if row.smiles is not None]
    smiles = list(dict.fromkeys(map(canonical_smiles, [*drugs, *BESIDE_DRUGS])))
    scores: dict[str, list[float]] = {name: task.score_list(smiles) for name, task in guacamol_tasks().items()}
    with atomic_path(OUTPUT) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["smiles", *scores])
        for row, text in enumerate(smiles):
            writer.writerow([text, *(f"{column[row]:.12g}" for column in scores.values())])
    packages = ", ".join(f"{package} {version(package)}" for package in ("rdkit", "numpy", "scipy"))
    print(f"{len(smiles)} molecules, {len(scores)} tasks written to {OUTPUT} ({packages})")


if __name__ == "__main__":
    main()
