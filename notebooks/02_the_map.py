# %% [markdown]
# # The map: what is near what?
#
# A latent space is useful if molecules that lie together are alike. We lay out a library of screening compounds,
# colour it by what the model was never told, put approved drugs on it, and walk between two of them. The question: is
# nearness in the space chemical nearness?

# %%
import numpy as np
import pandas as pd

import molvae
from molvae import plots
from molvae.chem import tanimoto, tanimoto_to
from molvae.chem.descriptors import descriptors

space = molvae.load()
library = [row.smiles for row in molvae.dataset("wehi10k").rows()][::12]  # spread over the file
encoding = space.encode(library)
encoding = encoding[encoding.ok]
table = pd.DataFrame([descriptors(smiles) for smiles in encoding.smiles])
encoding

# %% [markdown]
# ## Two ways to draw many dimensions in two
#
# The principal plane shows the largest differences and is true as far as it goes; t-SNE keeps near what is near, and
# the distances between its clusters mean nothing.

# %%
from matplotlib import pyplot as plt

from molvae.latent import project

flat = {"PCA": project(encoding.mean), "t-SNE": project(encoding.mean, "tsne")}
figure, panels = plt.subplots(2, 2, figsize=(11, 8.5), layout="constrained")
for row, (name, points) in zip(panels, flat.items()):
    plots.latent_map(points, table["logp"], label="logP", axes=row[0]).set_title(name)
    plots.latent_map(points, table["aromatic_rings"], label="aromatic rings", axes=row[1]).set_title(name)

# %% [markdown]
# Nobody told the model about logP or rings: what order there is in the colours, it learned from the strings alone.
# How much of a property can be read off the whole vector, not only off two dimensions? A direction is a linear fit,
# judged here on molecules that it was not fitted to:

# %%
half = len(encoding) // 2
rows = []
for name in ("molecular_weight", "logp", "tpsa", "aromatic_rings", "qed"):
    direction = space.attribute_direction(encoding.mean[:half], table[name][:half])
    position = encoding.mean[half:] @ direction.vector
    rows.append((name, np.corrcoef(position, table[name][half:])[0, 1]))
pd.DataFrame(rows, columns=["property", "correlation along its direction, other half"]).round(2)

# %% [markdown]
# ## Is near alike?
#
# For some 250 of the molecules: how similar is its nearest neighbour in the space, and how similar is the most
# similar molecule of the whole library? A random pair is the floor.

# %%
from sklearn.neighbors import NearestNeighbors

chosen = np.arange(0, len(encoding), max(1, len(encoding) // 250))
nearest = (
    NearestNeighbors(n_neighbors=2).fit(encoding.mean).kneighbors(encoding.mean[chosen], return_distance=False)[:, 1]
)
smiles = list(encoding.smiles)
shuffled = np.random.default_rng(0).permutation(len(smiles))
similarity = {
    "random pair": [tanimoto(smiles[i], smiles[shuffled[i]]) for i in chosen],
    "nearest in the space": [tanimoto(smiles[i], smiles[j]) for i, j in zip(chosen, nearest)],
    "most similar in the library": [np.sort(tanimoto_to(smiles[i], smiles))[-2] for i in chosen],
}
plots.property_histogram(similarity, "Tanimoto similarity");

# %%
pd.Series({name: np.mean(values) for name, values in similarity.items()}, name="mean Tanimoto").round(3).to_frame()

# %% [markdown]
# ## Drugs on the map

# %%
drugs = pd.read_csv("../data/drugs.csv").set_index("name")
known = space.encode(drugs["smiles"])
both = np.concatenate([encoding.mean, known.mean])
groups = ["library"] * len(encoding) + ["drugs"] * len(known)
names = {len(encoding) + drugs.index.get_loc(name): name for name in ("caffeine", "ibuprofen", "diazepam", "metformin")
         if name in drugs.index}  # fmt: skip
plots.latent_map(both, groups=groups, named=names);

# %% [markdown]
# ## A film between two molecules
#
# The arc (`slerp`) keeps the length of the vectors, the straight line cuts through the thinly filled middle. Below
# the molecules stands the Tanimoto profile: how similar each is to both ends.

# %%
start, end = drugs["smiles"]["ibuprofen"], drugs["smiles"]["paracetamol"]
film = space.interpolate(start, end, n=8)
plots.interpolation_strip(film);

# %%
straight = space.interpolate(start, end, n=8, method="linear")
plots.interpolation_strip(straight);

# %%
film

# %% [markdown]
# ## Conclusion

# %%
mean = {name: np.mean(values) for name, values in similarity.items()}
gain = (mean["nearest in the space"] - mean["random pair"]) / (
    mean["most similar in the library"] - mean["random pair"]
)
print(
    f"The nearest molecule in the space goes {gain:.0%} of the way from a random one to the most similar one there is."
)

# %% [markdown]
# So nearness in the space is partly chemical nearness: a start for a search, no replacement for a fingerprint search
# in a library that you have. What the space adds is the empty places between the molecules, where a fingerprint has
# no answer. Next: [predicting a measured property](03_property_regression.ipynb) from the vectors.
