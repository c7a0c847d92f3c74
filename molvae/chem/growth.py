"""A scaffold to build on: where a molecule that holds it may grow, and spellings of that molecule that end there.

A decoder that is given such a spelling and goes on writing grows the molecule at its last atom, so the scaffold is kept
by construction (Thomas et al., PromptSMILES, doi:10.1186/s13321-024-00866-5).
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from molvae.chem.logs import quiet_rdkit
from molvae.chem.molecule import mol_from_canonical, read_molecule
from molvae.chem.refusals import refuse_type, refuse_unparsable, shown
from molvae.chem.settings import DEFAULT_STANDARDIZATION, Standardization
from molvae.errors import ConfigError

_MATCHES = 200  # ways to lay the scaffold over a molecule that are looked at
_TRIES = 8  # for each spelling asked for
_WANTS = "molvae_wants"  # property of an atom: how many atoms must grow from it


class Scaffold:
    """A part that molecules must hold, given as SMILES.

    With attachment points, `*`, a molecule grows at each of them and nowhere else; without, it may grow anywhere.
    Stereo of the scaffold is asked for, but not that of an atom which is a centre only by its attachment points.

    >>> Scaffold("c1ccccc1").is_in("Cc1ccccc1C"), Scaffold("*c1ccccc1").is_in("Cc1ccccc1C")
    (True, False)

    Raises:
        MoleculeError: the SMILES, without its attachment points, is refused.
        ConfigError: an attachment point that is no single bond to an atom, or nothing else.
    """

    def __init__(self, smiles: str, standardization: Standardization = DEFAULT_STANDARDIZATION) -> None:
        with quiet_rdkit():
            marked = _read(smiles, standardization)
            core = read_molecule(Chem.MolToSmiles(_without_points(marked)), standardization)
            self._pattern = _without_points(marked) if "*" in smiles else core.mol
        self.smiles = core.smiles  # canonical, without attachment points
        self.wants = [
            atom.GetIntProp(_WANTS) if atom.HasProp(_WANTS) else 0 for atom in self._pattern.GetAtoms()
        ]  # points of each atom
        self.points = sum(self.wants)

    def is_in(self, smiles: str) -> bool:
        """Tell whether a molecule, canonical SMILES, holds the scaffold, with all its attachment points grown."""
        if self.points:
            return self.open_atoms(smiles) == []
        return bool(mol_from_canonical(smiles).HasSubstructMatch(self._pattern, useChirality=True))

    def open_atoms(self, smiles: str) -> list[int] | None:
        """Return the atoms of a molecule, canonical SMILES, from which it may grow; None where it lacks the scaffold.

        With attachment points these are the ones that are still bare, none where the molecule is complete.
        """
        mol = mol_from_canonical(smiles)
        matches = mol.GetSubstructMatches(
            self._pattern, uniquify=self.points == 0, useChirality=True, maxMatches=_MATCHES
        )
        if self.points == 0:
            atoms = sorted({index for match in matches for index in match})
            free = [index for index in atoms if mol.GetAtomWithIdx(index).GetTotalNumHs() > 0]
            return free if matches else None
        best = None
        for match in matches:
            missing = [
                wanted - mol.GetAtomWithIdx(index).GetDegree() + atom.GetDegree()
                for wanted, index, atom in zip(self.wants, match, self._pattern.GetAtoms(), strict=True)
            ]
            if min(missing) >= 0 and (best is None or sum(missing) < len(best)):
                best = [index for index, count in zip(match, missing, strict=True) for _ in range(count)]
        return best


def spellings(smiles: str, atoms: list[int], count: int, rng: np.random.Generator) -> list[str]:
    """Return up to `count` different SMILES of a molecule, each with an F more as its last atom, at one of `atoms`.

    The F holds the place of what is to grow: without its symbol, the next one is bound to the atom before it.

    >>> spellings("CCO", [2], 9, np.random.default_rng(0))
    ['CCOF', 'O(CC)F', 'C(C)OF']
    """
    found: dict[str, None] = {}
    with quiet_rdkit():
        mol = mol_from_canonical(smiles)
        grown = {atom: _with_fluorine(mol, atom) for atom in dict.fromkeys(atoms)}
        for _ in range(_TRIES * count):
            molecule = grown[int(rng.choice(atoms))]
            text = None if molecule is None else _spelled(molecule, rng)
            if text is not None:
                found[text] = None
                if len(found) == count:
                    break
    return list(found)


def _with_fluorine(mol: Chem.Mol, atom: int) -> Chem.Mol | None:
    """Return the molecule with an F more, its last atom, at an atom; None where that breaks the rules of valence."""
    grown = Chem.RWMol(mol)
    place = grown.AddAtom(Chem.Atom(9))
    grown.AddBond(atom, place, Chem.BondType.SINGLE)
    base = grown.GetAtomWithIdx(atom)
    base.SetNumExplicitHs(max(0, base.GetNumExplicitHs() - 1))
    return None if Chem.SanitizeMol(grown, catchErrors=True) else grown.GetMol()


def _spelled(mol: Chem.Mol, rng: np.random.Generator) -> str | None:
    """Return a SMILES of a molecule begun at a random atom, None where the last atom of the two is not the same."""
    last = mol.GetNumAtoms() - 1
    # Outside rings, the writer visits neighbours with small numbers first: numbered by their distance to the last atom,
    # the way to it comes last. In rings chance decides.
    order = np.lexsort((rng.random(last + 1), -Chem.GetDistanceMatrix(mol)[last]))
    ordered = Chem.RenumberAtoms(mol, order.tolist())
    text: str = Chem.MolToSmiles(ordered, canonical=False, rootedAtAtom=int(rng.integers(last)))
    written = list(ordered.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"])
    return text if written[-1] == last else None


def _read(smiles: str, standardization: Standardization) -> Chem.Mol:
    if not isinstance(smiles, str):
        refuse_type(smiles)
    if "*" not in smiles or len(smiles) > standardization.max_characters:
        return read_molecule(smiles, standardization).mol
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        refuse_unparsable(smiles, None)
    points = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    for point in points:
        ends = [bond.GetOtherAtom(point).GetAtomicNum() for bond in point.GetBonds()]
        if len(ends) != 1 or ends[0] == 0 or point.GetBonds()[0].GetBondType() != Chem.BondType.SINGLE:
            raise ConfigError(f"each * of {shown(smiles)} must have one single bond, to an atom that is no * itself")
    return mol


def _without_points(mol: Chem.Mol) -> Chem.Mol:
    """Return the molecule with a hydrogen for each attachment point; its atoms know how many points they had."""
    bare = Chem.RWMol(mol)
    for atom in bare.GetAtoms():
        count = sum(neighbor.GetAtomicNum() == 0 for neighbor in atom.GetNeighbors())
        if count:
            atom.SetIntProp(_WANTS, count)
    for atom in bare.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetAtomicNum(1)
            atom.SetIsotope(0)
            atom.SetAtomMapNum(0)
            atom.SetNoImplicit(True)
    plain = bare.GetMol()
    Chem.SanitizeMol(plain)
    plain = Chem.RemoveHs(plain)
    Chem.AssignStereochemistry(plain, cleanIt=True, force=True)  # an atom that now has two hydrogens is no centre
    return plain
