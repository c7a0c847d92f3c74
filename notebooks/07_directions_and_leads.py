# %% [markdown]
# # Directions, scaffolds and leads
#
# A medicinal chemist does not ask for any molecule, but for *this* one, a little less greasy, with the ring system
# kept. Three ways to ask the latent space: a direction along which a property rises, neighbours that keep a scaffold,
# and a search that starts at the lead. Which of them moves the property, and what does it cost in similarity?

# %%
import numpy as np
import pandas as pd

import molvae
from molvae import plots
from molvae.chem import murcko_scaffold, tanimoto
from molvae.chem.descriptors import descriptors
from molvae.optimize import Contains, Objective, PropertyRange, SimilarTo, max_atoms

space = molvae.load(workers=1)
drugs = pd.read_csv("../data/drugs.csv").set_index("name")["smiles"]
lead = drugs["celecoxib"]
scaffold = murcko_scaffold(lead)
plots.molecule_grid([lead, scaffold], ["the lead", "its scaffold"]);

# %% [markdown]
# ## A direction
#
# Learned from screening compounds and judged on others: a direction is worth something only if it orders molecules
# that it was not fitted to.

# %%
library = [row.smiles for row in molvae.dataset("wehi10k").rows()][::10]
encoding = space.encode(library)
encoding = encoding[encoding.ok]
logp = np.array([descriptors(smiles).logp for smiles in encoding.smiles])
half = len(logp) // 2
direction = space.attribute_direction(encoding.mean[:half], logp[:half])
unseen = np.corrcoef(encoding.mean[half:] @ direction.vector, logp[half:])[0, 1]
print(f"correlation with logP: {direction.correlation:.2f} where it was fitted, {unseen:.2f} on other molecules")

# %%
film = space.traverse(lead, direction, (-3, -2, -1, 0, 1, 2, 3))
plots.traversal_strip(film, [descriptors(s).logp if s else np.nan for s in film.smiles], label="logP");

# %% [markdown]
# A film is one example; the claim is about many. Twenty compounds, each moved by steps of one standard deviation:

# %%
steps = (-2.0, -1.0, 0.0, 1.0, 2.0)
moved = []
for start in encoding.smiles[half : half + 20]:
    for step in space.traverse(start, direction, steps):
        if step.smiles is not None:
            row = (step.position, descriptors(step.smiles).logp - descriptors(start).logp, step.to_start)
            moved.append(row)
moved = pd.DataFrame(moved, columns=["step (σ)", "change of logP", "Tanimoto to the start"]).groupby("step (σ)").mean()
moved.round(2)

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
# Lower the logP to the range of oral drugs, keep the core, stay similar, stay drug-like. The constraints hold in
# every molecule that is scored; the objective only ranks what is left.

# %%
def less_greasy(smiles):
    """Return how near logP is to 2, from below 0 to 0."""
    return [-abs(descriptors(text).logp - 2.0) for text in smiles]


search = molvae.optimize(
    less_greasy, space=space, strategy="hybrid", budget=120, start=[lead, *with_core[:20]], library=drugs.tolist(),
    seed=0, constraints=[Contains(core), SimilarTo(lead, 0.35), max_atoms(32), PropertyRange("sa_score", high=4.0)],
)  # fmt: skip
plots.optimization_trace(search);

# %%
best = search.top(9)
legends = [f"logP {descriptors(smiles).logp:.1f}   {tanimoto(lead, smiles):.2f}" for smiles in best["smiles"]]
plots.molecule_grid([lead, *best["smiles"]], [f"lead, logP {descriptors(lead).logp:.1f}", *legends], highlight=core);

# %% [markdown]
# ## Conclusion

# %%
winner = best["smiles"][0]
print(f"lead: logP {descriptors(lead).logp:.2f}; best of {search.objective.calls} calls: "
      f"{descriptors(winner).logp:.2f}, Tanimoto {tanimoto(lead, winner):.2f}, core kept")  # fmt: skip
change = moved["change of logP"]
print(f"one σ along the direction: {change[1.0] - change[0.0]:+.2f} in logP on average")

# %% [markdown]
# A direction is a quick look at what a property means to the model, and it keeps no promises about the rest of the
# molecule. Constraints do: a search that starts at the lead and may not leave its core is what lead optimization
# needs, and the latent space is one of the hands that propose.
