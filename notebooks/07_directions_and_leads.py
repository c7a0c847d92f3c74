# %% [markdown]
# # Directions, scaffolds and leads
#
# A medicinal chemist does not ask for any molecule, but for *this* one, a little less greasy, with the ring system
# kept. Three ways to ask the latent space: a direction along which a property rises, neighbours that keep a scaffold,
# and a search that starts at the lead. Which of them moves the property, and what does it cost in similarity?

# %%
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import molvae
from molvae import plots
from molvae.chem import murcko_scaffold, tanimoto
from molvae.chem.descriptors import descriptors
from molvae.optimize import (
    AtLeast,
    Contains,
    Goal,
    Lacks,
    Near,
    NoAlerts,
    Objective,
    PropertyRange,
    SimilarTo,
    max_atoms,
)

space = molvae.load(workers=1)
drugs = pd.read_csv("../data/drugs.csv").set_index("name")["smiles"]
lead = drugs["celecoxib"]
scaffold = murcko_scaffold(lead)
plots.molecule_grid([lead, scaffold], ["the lead", "its scaffold"]);

# %% [markdown]
# ## A direction
#
# Learned from one half of a screening library and judged on the other. Two ways to learn it: the gradient of a ridge
# regression, which is what *predicts* the property best, and the difference between the means of the greasy and the
# other molecules, which follows what the molecules differ by.

# %%
library = [row.smiles for row in molvae.dataset("wehi10k").rows()][::10]
encoding = space.encode(library)
encoding = encoding[encoding.ok]
logp = np.array([descriptors(smiles).logp for smiles in encoding.smiles])
half = len(logp) // 2
directions = {method: space.attribute_direction(encoding.mean[:half], logp[:half], method=method)
              for method in ("ridge", "difference")}  # fmt: skip
pd.DataFrame({
    method: {
        "correlation with logP, other half": np.corrcoef(encoding.mean[half:] @ found.vector, logp[half:])[0, 1],
        "length of one step (σ along it)": found.scale,
    }
    for method, found in directions.items()
}).round(2)

# %% [markdown]
# What predicts best need not move best. Both, on fifteen compounds that neither was fitted to:

# %%
steps = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
moved = []
for method, direction in directions.items():
    for start in encoding.smiles[half : half + 15]:
        for step in space.traverse(start, direction, steps):
            if step.smiles is not None:
                change = descriptors(step.smiles).logp - descriptors(start).logp
                moved.append((method, step.position, change, step.to_start))
moved = pd.DataFrame(moved, columns=["direction", "step (σ)", "change of logP", "Tanimoto to the start"])
means = moved.groupby(["direction", "step (σ)"]).mean().unstack("direction")
means.round(2)

# %%
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for number, (method, part) in enumerate(moved.groupby("direction")):
    mean = part.groupby("step (σ)").mean(numeric_only=True)
    axes.plot(mean["Tanimoto to the start"], mean["change of logP"], label=method, color=plots.PALETTE[number],
              marker="os"[number], ls=("-", "--")[number])  # fmt: skip
axes.axhline(0, color=plots.GREY, lw=0.8)
axes.set(xlabel="mean Tanimoto similarity to the start", ylabel="mean change of logP")
axes.legend();

# %% [markdown]
# One film of many, along the difference, from the lead:

# %%
film = space.traverse(lead, directions["difference"], steps)
plots.traversal_strip(film, [descriptors(s).logp if s else np.nan for s in film.smiles], label="logP");

# %% [markdown]
# ## Neighbours that keep the scaffold
#
# The space does not know what a scaffold is; so neighbours are drawn and those without it are left out. What that
# costs is the share that is kept, and it is part of the answer.

# %%
core = "c1ccc(-n2nccc2-c2ccccc2)cc1"  # the diarylpyrazole of the lead
near = space.neighbors(lead, n=60, similarity=0.5, seed=0)
kept = Objective("qed", constraints=[Contains(core)], budget=200).evaluate(near.smiles)
with_core = [row.smiles for row in kept if row.status == "scored"]
print(f"{len(with_core)} of {len(near)} neighbours keep the core")
legends = [f"{tanimoto(lead, smiles):.2f}  logP {descriptors(smiles).logp:.1f}" for smiles in with_core[:9]]
plots.molecule_grid([lead, *with_core[:9]], [f"lead, logP {descriptors(lead).logp:.1f}", *legends], highlight=core);

# %% [markdown]
# ## A search that starts at the lead
#
# Lower the logP to the range of oral drugs, keep the core, stay similar, stay drug-like and makeable. The constraints
# hold in every molecule that is scored; the goals only rank what is left.

# %%
objective = Objective(
    {"logp": lambda smiles: [descriptors(text).logp for text in smiles], "qed": "qed"},
    goals={"logp": Goal(curve=Near(2.5, sigma=0.75)), "qed": Goal(curve=AtLeast(0.8, sigma=0.15))},
    combination="geometric",
    constraints=[Contains(core), Lacks("[#16]=[#6]"), SimilarTo(lead, 0.35), NoAlerts(), max_atoms(32),
                 PropertyRange("sa_score", high=3.0)],
    budget=120,
)  # fmt: skip
search = molvae.optimize(
    objective, space=space, strategy="hybrid", start=[lead, *with_core[:20]], library=drugs.tolist(), seed=0
)
plots.optimization_trace(search);

# %%
best = search.top(9)
legends = [f"logP {descriptors(smiles).logp:.1f}   {tanimoto(lead, smiles):.2f}" for smiles in best["smiles"]]
plots.molecule_grid([lead, *best["smiles"]], [f"lead, logP {descriptors(lead).logp:.1f}", *legends], highlight=core);

# %% [markdown]
# ## Conclusion

# %%
winner = best["smiles"][0]
for name, smiles in (("lead", lead), (f"best of {objective.calls} calls", winner)):
    found = descriptors(smiles)
    print(f"{name}: logP {found.logp:.2f}, QED {found.qed:.2f}, Tanimoto to the lead {tanimoto(lead, smiles):.2f}")
for method in directions:
    change = means["change of logP"][method]
    print(f"two σ along the {method} direction: {change[2.0] - change[-2.0]:+.2f} in logP between -2 and +2")

# %% [markdown]
# A direction is a quick look at what a property means to the model, and it keeps no promise about the rest of the
# molecule: read off what a step costs in similarity before you believe a film. Constraints do keep theirs: a search
# that starts at the lead and may not leave its core is what lead optimization needs, and the latent space is one of
# the hands that propose.
