"""Variants of molecules with what public sets of drug-like molecules hold too little of.

    python scripts/druglike_variants.py molecules.smi variants.smi

Stereo centres and double bonds without a mark get one; halides become boronic acids, silanes, labelled iodides, and so
on through the list of transformations below. The result trains the rare symbols of a model; the molecules are not
claimed to exist. The same input and seed give the same output.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

from molvae.datasets import atomic_path

TRANSFORMATIONS = {  # reaction SMARTS
    "boronic_acid": "[c:1][Br,Cl,I]>>[c:1]B(O)O",
    "pinacol_boronate": "[c:1][Br,Cl,I]>>[c:1]B1OC(C)(C)C(C)(C)O1",
    "dioxaborolane": "[c:1][Br,I]>>[c:1]B1OCCO1",
    "trimethylsilyl": "[*:1][C;X4:2]([CH3:3])([CH3:4])[CH3:5]>>[*:1][Si:2]([CH3:3])([CH3:4])[CH3:5]",
    "silyl_ether": "[C:1][OH:2]>>[C:1][O:2][Si](C)(C)C(C)(C)C",
    "silyl_alkyne": "[C:1]#[CH:2]>>[C:1]#[C:2][Si](C)(C)C",
    "phosphonate": "[c:1][Cl,Br]>>[c:1]P(=O)(OCC)OCC",
    "phosphonic_acid": "[C:1][C:2](=O)[OH]>>[C:1][P:2](=O)(O)O",
    "sulfoximine": "[#6:1][S:2](=O)(=O)[#6:3]>>[#6:1][S:2](=O)(=N)[#6:3]",
    "sulfoxide": "[#6:1][S;X2;!a:2][#6:3]>>[#6:1][S:2](=O)[#6:3]",
    "iodide": "[c:1][Cl]>>[c:1]I",
    "selenide": "[#6:1][S;X2;!a:2][#6:3]>>[#6:1][Se:2][#6:3]",
    "carboxylate": "[#6:1][C:2](=O)[OH]>>[#6:1][C:2](=O)[O-]",
    "ammonium": "[C;X4:1][NH2;X3;!$(N-C=*):2]>>[C:1][NH3+:2]",
    "dialkyl_ammonium": "[C;X4:1][NH1;X3;!$(N-C=*);!$(N-S):2][C;X4:3]>>[C:1][NH2+:2][C:3]",
    "trialkyl_ammonium": "[C;X4:1][N;X3;H0;!$(N-C=*);!$(N-S):2]([C;X4:3])[C;X4:4]>>[C:1][NH1+:2]([C:3])[C:4]",
    "quaternary_ammonium": "[C;X4:1][N;X3;H0;!$(N-C=*);!$(N-S):2]([C;X4:3])[C;X4:4]>>[C:1][N+:2](C)([C:3])[C:4]",
    "n_oxide": "[c:1][n;X2;+0:2][c:3]>>[c:1][n+:2]([O-])[c:3]",
    "n_methylpyridinium": "[c:1][n;X2;+0;r6:2][c:3]>>[c:1][n+:2](C)[c:3]",
    "azide": "[C;X4:1][Cl,Br]>>[C:1]N=[N+]=[N-]",
    "deuteromethyl": "[N,O,S,c:1][CH3:2]>>[*:1][C:2]([2H])([2H])[2H]",
    "deuterium": "[c:1][CH3]>>[c:1][2H]",
    "carbon_11": "[N,O:1][CH3:2]>>[*:1][11CH3:2]",
    "carbon_13_carbonyl": "[#6:1][C:2](=[O:3])[N,O:4]>>[#6:1][13C:2](=[O:3])[*:4]",
    "carbon_14_carbonyl": "[#6:1][C:2](=[O:3])[N,O:4]>>[#6:1][14C:2](=[O:3])[*:4]",
    "carbon_13_arene": "[c:1][cH:2][c:3]>>[c:1][13cH:2][c:3]",
    "nitrogen_15": "[C:1](=[O:2])[NH:3]>>[C:1](=[O:2])[15NH:3]",
    "fluorine_18": "[#6:1][F]>>[#6:1][18F]",
    "iodine_125": "[c:1][I,Br]>>[c:1][125I]",
    "tritium": "[c:1][Br,I]>>[c:1][3H]",
    "sulfur_35": "[#6:1][S:2](=O)(=O)>>[#6:1][35S:2](=O)(=O)",
}
STEREO_SHARE = 20  # as many molecules with new stereo marks as this many transformations give
LONGEST = 120  # characters
MOST_OF_ONE = 3  # variants made of one molecule


def with_stereo(molecule: Chem.Mol, *, seed: int) -> str:
    """Return the molecule with a mark, drawn from the seed, at each stereo centre and bond that has none."""
    options = StereoEnumerationOptions(maxIsomers=1, rand=seed, onlyUnassigned=True)  # type: ignore[no-untyped-call]
    isomers = EnumerateStereoisomers(molecule, options=options)  # type: ignore[no-untyped-call]
    return str(Chem.MolToSmiles(next(iter(isomers))))


def transformed(molecule: Chem.Mol, reaction: rdChemReactions.ChemicalReaction, generator: random.Random) -> str | None:
    """Return one product of a transformation, or None where it does not apply."""
    products = reaction.RunReactants((molecule,))
    if not products:
        return None
    product = generator.choice(products)[0]
    try:
        Chem.SanitizeMol(product)
    except Chem.MolSanitizeException:
        return None
    smiles = str(Chem.MolToSmiles(product))
    return smiles if Chem.MolFromSmiles(smiles) is not None else None


def variants(smiles: list[str], *, per_kind: int, seed: int) -> dict[str, list[str]]:
    """Return up to `per_kind` variants of each transformation, and `STEREO_SHARE` times as many with stereo marks."""
    generator = random.Random(seed)
    generator.shuffle(smiles)
    reactions = {name: rdChemReactions.ReactionFromSmarts(smarts) for name, smarts in TRANSFORMATIONS.items()}
    found: dict[str, list[str]] = {name: [] for name in (*reactions, "stereo")}
    seen: set[str] = set()
    for number, text in enumerate(smiles):
        molecule = Chem.MolFromSmiles(text)
        if molecule is None or len(text) > LONGEST:
            continue
        made: list[tuple[str, str | None]] = []
        if len(found["stereo"]) < STEREO_SHARE * per_kind:
            marked = with_stereo(molecule, seed=number)
            made.append(("stereo", marked if marked != Chem.MolToSmiles(molecule) else None))
        open_kinds = [name for name in reactions if len(found[name]) < per_kind]
        if not open_kinds and len(found["stereo"]) >= STEREO_SHARE * per_kind:
            break
        generator.shuffle(open_kinds)
        for name in open_kinds:
            if sum(product is not None for kind, product in made if kind != "stereo") == MOST_OF_ONE:
                break
            made.append((name, transformed(molecule, reactions[name], generator)))
        for name, product in made:
            if product is not None and product not in seen:
                seen.add(product)
                found[name].append(product)
    return found


def main() -> None:
    """Parse the arguments, make the variants, write them with the name of their kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="canonical SMILES, one per line")
    parser.add_argument("out", type=Path)
    parser.add_argument("--per-kind", type=int, default=700)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rdBase.DisableLog("rdApp.*")  # products that RDKit refuses are expected
    found = variants(options.source.read_text().split(), per_kind=options.per_kind, seed=options.seed)
    with atomic_path(options.out) as path:
        path.write_text("".join(f"{smiles} {name}\n" for name, each in found.items() for smiles in each))


if __name__ == "__main__":
    main()
