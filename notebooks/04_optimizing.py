# %% [markdown]
# # Optimizing: a wish, its limits, and what a search makes of them
#
# A search finds what you ask for, not what you mean. Here we ask three times, each time a little better: for a
# property alone; with constraints; for several goals at once, one of them a function of our own. Every search here
# spends a few hundred calls, to be quick.

# %%
import molvae
from molvae import plots
from molvae.chem.descriptors import descriptors
from molvae.optimize import AtLeast, AtMost, Contains, Goal, Near, NoAlerts, Objective, SimilarTo, max_atoms

space = molvae.load(workers=1)
drugs = [row.smiles for row in molvae.read_rows("../data/drugs.smi")]

# %% [markdown]
# ## A property alone
#
# Penalized logP is the field's favourite bad example: it can be driven up without end.

# %%
naive = molvae.optimize("penalized_logp", strategy="graph-ga", budget=250, start=drugs, library=drugs, seed=0)
plots.optimization_trace(naive);

# %%
naive

# %% [markdown]
# Look at the molecules before the scores. This is what an objective without limits means to an optimizer: grease.
#
# ## The same wish, with limits
#
# Rules that need only the structure are checked before a call is spent: no structure alerts, no more than 30 atoms,
# and no farther than a Tanimoto similarity of 0.3 from carvedilol.

# %%
lead = dict(zip([row.name for row in molvae.read_rows("../data/drugs.smi")], drugs))["carvedilol"]
careful = molvae.optimize(
    "penalized_logp", strategy="graph-ga", budget=200, start=[lead], library=drugs, seed=0,
    constraints=[SimilarTo(lead, 0.3), NoAlerts(), max_atoms(30)],
)  # fmt: skip
careful

# %%
axes = plots.optimization_trace(naive, label="no limits", calls=False, color=plots.PALETTE[0])
plots.optimization_trace(careful, label="with limits", calls=False, color=plots.PALETTE[1], axes=axes);

# %% [markdown]
# The limits hold in every molecule, and the search still finds the greasiest ones that they allow. Limits cut off the
# worst; they do not turn a bad wish into a good one. So the wish has to change.
#
# ## Several goals, and an oracle of your own
#
# An oracle is any function that takes a list of SMILES and returns a number, or a table of numbers, for each: a
# docking run, a colleague's model. This one measures what keeps a molecule out of the brain. Desirability curves turn
# each value into how much it is wanted, from 0 to 1; the score is their geometric mean, so a zero anywhere is a zero.

# %%
def entry(smiles):
    """Return two numbers for each molecule: polar surface (Å²) and rotatable bonds."""
    found = [descriptors(text) for text in smiles]
    return [{"tpsa": each.tpsa, "rotatable": float(each.rotatable_bonds)} for each in found]


objective = Objective(
    {"entry": entry, "qed": "qed", "sa": "sa_score"},
    goals={
        "entry.tpsa": Goal(curve=Near(60, sigma=15)),
        "entry.rotatable": Goal(curve=AtMost(4, sigma=2)),
        "qed": Goal(curve=AtLeast(0.85, sigma=0.15), weight=2),
        "sa": Goal(curve=AtMost(2.0, sigma=0.5)),
    },
    combination="geometric",
    constraints=[NoAlerts(), Contains("[#7]")],
    budget=200,
)
several = molvae.optimize(objective, space=space, strategy="hybrid", start=drugs[:20], library=drugs, seed=0)
plots.optimization_trace(several);

# %%
several.top(5).round(3)

# %% [markdown]
# One score hides which goal paid. The front shows what cannot be had together:

# %%
plots.pareto_plot(several, "qed", "sa");

# %%
front = several.pareto()
plots.molecule_grid(front["smiles"][:5], [f"QED {row.qed:.2f}  SA {row.sa:.1f}" for row in front[:5].itertuples()]);

# %% [markdown]
# Which ways of proposing earned their calls?

# %%
several.trace().groupby("arm").agg(calls=("call", "size"), best=("score", "max"), mean=("score", "mean")).round(3)

# %% [markdown]
# ## Conclusion

# %%
best = naive.top(1).iloc[0]
print(f"Without limits: penalized logP {best.score:.1f}, {best.alerts or 'no'} alerts, SA {best.sa_score:.1f}.")
print(f"With limits: from {careful.rows[0].score:.1f}, the lead, to {careful.top(1).iloc[0].score:.1f} near it.")
print(f"Several goals: {objective.calls} calls, best {several.top(1).iloc[0].score:.3f}, {len(front)} compromises.")

# %% [markdown]
# Write the limits first, look at the grid after every search, and keep the front rather than the winner. A long
# search belongs into a folder, which survives a kill and never repeats a call:
#
# ```
# molvae optimize --objective my_module:entry --budget 2000 --timeout 600 -o runs/brain --resume
# ```
