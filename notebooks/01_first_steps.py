# %% [markdown]
# # First steps: what is a molecule as a vector, and does it come back?
#
# molvae turns a molecule into a point in a continuous space and a point back into a molecule. A hundred approved
# drugs go there and back; then we draw new molecules, and look around one of the old ones. Nothing is downloaded: the
# model comes with the package.

# %%
import numpy as np
import pandas as pd

import molvae
from molvae import plots
from molvae.chem import tanimoto
from molvae.chem.descriptors import descriptors

space = molvae.load()
space

# %% [markdown]
# ## Encode
#
# A list of SMILES goes in, one row for each comes out. A row that cannot be read is not dropped: it keeps its place,
# and its reason.

# %%
encoding = space.encode(["CCO", "CC(=O)Oc1ccccc1C(=O)O", "c1cccc1", "CCO.CCN"])
encoding

# %%
encoding.mean.shape, encoding.ok, encoding.refusals

# %% [markdown]
# A molecule is not one point but a small cloud: `mean` is its centre and `log_var` the logarithm of its variance. The
# drugs, from the table that lies beside this notebook:

# %%
drugs = pd.read_csv("../data/drugs.csv")
drugs.head(3)

# %% [markdown]
# ## There and back
#
# `reconstruct` decodes the centre of each cloud. *Exact* means the same molecule, stereo included.

# %%
back = space.reconstruct(drugs["smiles"])
back

# %%
drugs["atoms"] = [descriptors(row.smiles).heavy_atoms for row in back]
drugs["exact"] = [row.exact for row in back]
drugs["similarity"] = [tanimoto(row.smiles, row.decoded) if row.decoded else 0.0 for row in back]
size = pd.cut(drugs["atoms"], [0, 15, 20, 25, 30, 60], labels=["to 15", "16–20", "21–25", "26–30", "over 30"])
drugs.groupby(size, observed=True).agg(
    molecules=("exact", "size"), exact=("exact", "mean"), tanimoto=("similarity", "mean")
)

# %% [markdown]
# Long molecules are the hard ones: one wrong symbol of sixty is enough. Where a molecule comes back changed, look at
# what changed before you rely on its vector:

# %%
changed = drugs[~drugs["exact"]].sort_values("similarity", ascending=False).head(4)
pairs = [text for row in changed.index for text in (back[row].smiles, back[row].decoded)]
legends = [text for row in changed.itertuples() for text in (row.name, f"came back ({row.similarity:.2f})")]
plots.molecule_grid(pairs, legends, per_row=4);

# %% [markdown]
# That is the encoder's one guess. `refine` moves each point by gradient steps, mostly by less than its standard
# deviation, to where the decoder writes its molecule; neighbours and paths begin at such points by themselves.

# %%
space.reconstruct(drugs["smiles"], refine=True)

# %% [markdown]
# One point can be read in several ways. `decode_n_best` lists the most likely molecules at a point with their log
# probabilities, in nats:

# %%
point = space.encode(["CC(C)Cc1ccc(cc1)C(C)C(=O)O"]).mean  # ibuprofen
[candidates] = space.decode_n_best(point, n=4)
plots.molecule_grid([c.smiles for c in candidates], [f"{c.log_probability:.2f} nats" for c in candidates]);

# %% [markdown]
# ## New molecules
#
# The same seed gives the same molecules. None of them is looked up anywhere: the decoder writes them.

# %%
new = space.sample(200, seed=0)
plots.molecule_grid(new[:10], [f"QED {descriptors(smiles).qed:.2f}" for smiles in new[:10]]);

# %%
axes = plots.property_histogram(
    {"approved drugs": drugs["computed_logp"], "samples": [descriptors(smiles).logp for smiles in new]}, "logp"
)

# %% [markdown]
# ## Around a molecule
#
# `neighbors` asks for a mean Tanimoto similarity, and finds how far it must step from the molecule to get it.

# %%
near = space.neighbors("CC(C)Cc1ccc(cc1)C(C)C(=O)O", n=9, similarity=0.6, seed=0)
plots.neighbor_grid(near, [descriptors(smiles).qed for smiles in near.smiles], label="QED");

# %%
wider = [space.neighbors(near.query, n=9, similarity=asked, seed=0) for asked in (0.3, 0.45, 0.6, 0.75)]
pd.DataFrame(
    {
        "asked": [0.3, 0.45, 0.6, 0.75],
        "got, mean": [found.mean_similarity for found in wider],
        "step in posterior σ": [found.radius for found in wider],
    }
).round(2)

# %% [markdown]
# ## Conclusion

# %%
print(f"{back.rate:.0%} of {back.taken} drugs came back exactly; the mean Tanimoto similarity of all is "
      f"{np.mean(drugs['similarity']):.2f}.")  # fmt: skip
print(f"{len(set(new))} of {len(new)} samples are distinct; {len(set(new) & {row.smiles for row in back})} is a drug.")

# %% [markdown]
# A vector is worth what comes back from it: check `reconstruct` on your own molecules first, and refine. Then the
# space is a place to work in. Next: [the map](02_the_map.ipynb) shows how it is laid out.
