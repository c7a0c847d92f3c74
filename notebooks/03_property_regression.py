# %% [markdown]
# # Predicting a measured property, with honest errors
#
# A thousand molecules of one ChEMBL series come with RDKit, with their measured activities. Can latent vectors
# predict the activity of molecules with scaffolds that were not in the fit? How wide must an interval be to keep its
# promise? And how does a model notice that a molecule is none of its business?

# %%
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import molvae
from molvae import PropertyModel, plots
from molvae.properties import evaluate
from molvae.properties.embedding import Embedder

rows = list(molvae.dataset("chembl2321810").rows())
data = pd.DataFrame([(row.smiles, float(row.fields["pactivity"])) for row in rows], columns=["smiles", "activity"])
data["activity"].describe().to_frame().T.round(2)

# %%
space = molvae.load()
points = Embedder(space)(data["smiles"].tolist())
plots.latent_map(points.z, data["activity"], label="pActivity");

# %% [markdown]
# ## How well, beside the usual baselines?
#
# A random split flatters: near-copies of the test molecules are in the fit. A scaffold split keeps each ring system
# on one side. Every method sees the same splits; two random forests, on Morgan fingerprints and on RDKit's
# descriptors, are what a chemist would have tried first. 400 of the molecules and two seeds, to be quick.

# %%
some = np.random.default_rng(0).permutation(len(data))[:400]
chosen = Embedder(space)(data["smiles"].iloc[some].tolist())
report = evaluate(chosen, data["activity"].to_numpy()[some], kinds=["ridge"], seeds=2, folds=3)
report

# %%
figure, panels = plt.subplots(1, 3, figsize=(14, 4.4), layout="constrained")
plots.parity(report, axes=panels[0])
plots.calibration(report, axes=panels[1])
plots.errors_by_domain(report, axes=panels[2]);

# %% [markdown]
# Read the three panels together. *Parity*: does the prediction follow the measurement? *Intervals*: of those that
# promise 90 %, do 90 % hold? *Errors by domain*: are strange molecules predicted worse, so that the domain score
# earns its name?
#
# ## One model, and what it says
#
# A fifth of the molecules, with scaffolds of their own, is kept out of the fit to calibrate intervals and domain.

# %%
train = data.iloc[:900]
model = PropertyModel("ridge", space=space).fit(train["smiles"], train["activity"])
new = data.iloc[900:]
said = model.describe(new["smiles"].tolist(), alpha=0.1)
said

# %%
inside = (said.lower[:, 0] <= new["activity"]) & (new["activity"] <= said.upper[:, 0])
error = np.abs(said.mean[:, 0] - new["activity"])
pd.DataFrame({
    "molecules": [len(new)], "mean absolute error": [error.mean()], "of always saying the mean":
    [np.abs(new["activity"] - train["activity"].mean()).mean()], "within their 90 % interval": [inside.mean()],
}).round(2)  # fmt: skip

# %% [markdown]
# These are the last rows of the file and no random draw; the promise of an interval is for molecules like those that
# it was calibrated with.
#
# ## What is none of its business
#
# The model gives a number for anything that it can encode. The domain score says what the number is worth: the share
# of known molecules that are at least as far from the training set.

# %%
drugs = pd.read_csv("../data/drugs.csv")
screening = [row.smiles for row in molvae.dataset("wehi10k").rows()][:300]
groups = {
    "same series": said,
    "approved drugs": model.describe(drugs["smiles"].tolist()),
    "screening compounds": model.describe(screening),
}
plots.domain_histogram(groups);

# %% [markdown]
# ## Conclusion

# %%
table = {(row.split, row.method): row for row in report.table()}
for split in ("random", "scaffold"):
    named = sorted(((row.rmse, method) for (where, method), row in table.items() if where == split))
    print(f"{split}: " + ", ".join(f"{method} {rmse:.2f}" for rmse, method in named) + " (RMSE, best first)")
for name, group in groups.items():
    print(f"{name}: {1 - group.inside[[s == 'ok' for s in group.status]].mean():.0%} flagged as outside")

# %% [markdown]
# Quote the scaffold figures, never the random ones. Latent vectors need no feature engineering and their predictions
# can be followed *back* to molecules, which fingerprints cannot; where a forest on fingerprints is better, use it to
# score and let the space propose: that is [optimizing](04_optimizing.ipynb). On the command line:
#
# ```
# molvae property evaluate assay.csv --target pIC50 -o runs/assay-report
# molvae property fit assay.csv --target pIC50 -o runs/assay
# molvae property predict runs/assay library.smi --alpha 0.1 -o predicted.csv
# ```
