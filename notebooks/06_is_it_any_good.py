# %% [markdown]
# # Is it any good?
#
# "100 % valid" says nothing of a model that writes SELFIES: every string is a molecule. What says something: do
# molecules come back, are the samples like real molecules and yet new, is the space smooth, and how many odd
# structures does it write? Each figure here stands with the number of molecules that it was measured on; these are
# small, to be quick, and `molvae evaluate` measures them properly.

# %%
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import molvae
from molvae import plots
from molvae.chem import tanimoto_to
from molvae.chem.descriptors import descriptors
from molvae.evaluate import decode_report, evaluate_latent, evaluate_reconstruction

space = molvae.load()
library = [row.smiles for row in molvae.dataset("wehi10k").rows()]
real = library[::25]
space

# %% [markdown]
# ## Do molecules come back?

# %%
groups = {
    "screening compounds": real[:200],
    "approved drugs": [row.smiles for row in molvae.read_rows("../data/drugs.smi")],
}
reports = {name: evaluate_reconstruction(space, smiles, source=name) for name, smiles in groups.items()}
pd.DataFrame({name: {each.name: each.value for each in report.measures()} for name, report in reports.items()}).round(3)

# %% [markdown]
# An average hides where it fails. By length, with the number of molecules in each bar:

# %%
rows = [row for report in reports.values() for row in report.rows if row.status == "ok"]
names = ["to 20", "–30", "–40", "–50", "over 50"]
symbols = pd.cut([row.tokens - 1 for row in rows], [0, 20, 30, 40, 50, 300], labels=names)
share = pd.Series([row.exact for row in rows]).groupby(symbols, observed=True)
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
bars = axes.bar(share.mean().index.astype(str), share.mean(), color=plots.PALETTE[0])
axes.bar_label(bars, [f"of {count}" for count in share.size()])
axes.set(xlabel="SELFIES symbols of the molecule", ylabel="came back exactly", ylim=(0, 1.08));

# %% [markdown]
# ## Are samples like real molecules, and new?
#
# Beside the model's own prior, the textbook's: N(0, I). The same weights, so the difference is the prior's.

# %%
priors = dict.fromkeys((space.priors[0], "normal"))
samples = {f"prior {name!r}": space.sample(300, seed=0, prior=name) for name in priors}
molecules = {"real": real[:300], **samples}
known = set(real)
table = {name: pd.DataFrame([descriptors(text) for text in smiles]) for name, smiles in molecules.items()}
figure, panels = plt.subplots(1, 4, figsize=(15, 3.4), layout="constrained")
for axes, name in zip(panels, ("logp", "qed", "sa_score", "molecular_weight")):
    plots.property_histogram({group: found[name] for group, found in table.items()}, name, axes=axes)

# %%
pd.DataFrame({
    name: {
        "molecules": len(smiles),
        "distinct": len(set(smiles)) / len(smiles),
        "not in this library": np.mean([text not in known for text in smiles]),
        "mean Tanimoto to the nearest real one": np.mean([tanimoto_to(t, real[300:]).max() for t in smiles[:100]]),
    }
    for name, smiles in molecules.items()
}).round(3)

# %% [markdown]
# ## What is odd about them?
#
# The decode-validity report counts what RDKit accepts without a word: radicals, strained and huge rings, groups that
# fall apart, alerts, and molecules that are somebody else after decode → encode → decode.

# %%
checked = {name: decode_report(smiles[:150], space=space) for name, smiles in molecules.items()}
names = ("nothing odd", "any alert", "hard to make", "unique", "internal diversity", "scaffold diversity",
         "same after the loop")  # fmt: skip
pd.DataFrame({name: {figure: report[figure].value for figure in names} for name, report in checked.items()}).round(3)

# %%
causes = {name: {cause: count for cause, count in report.summary.causes if not cause.startswith("alert")}
          for name, report in checked.items()}  # fmt: skip
pd.DataFrame(causes).fillna(0).astype(int).sort_values("real", ascending=False).head(12)

# %% [markdown]
# The column of the real molecules is what a figure means: real molecules have alerts too, and are no nearer to each
# other than they are. A model is good where its column looks like that one, not where a figure is high.

# %%
shown = [text for smiles in samples.values() for text in smiles[:5]]
plots.molecule_grid(shown, [name for name in samples for _ in range(5)]);

# %% [markdown]
# ## Is the space smooth, and has it holes?

# %%
latent = evaluate_latent(space, real, n=150, seed=0)
latent

# %%
figures = {each.name: each.value for each in latent.groups["smoothness"]}
radii = (0.25, 0.5, 1.0, 2.0, 4.0)
figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
for number, name in enumerate(("Tanimoto", "same molecule")):
    axes.plot(radii, [figures[f"{radius:g} σ: {name}"] for radius in radii], label=name, color=plots.PALETTE[number],
              marker="os"[number], ls=("-", "--")[number])  # fmt: skip
axes.set(xlabel="random step, in posterior standard deviations", ylim=(0, 1.02), ylabel="similarity or share")
axes.legend();

# %% [markdown]
# ## Conclusion

# %%
exact = reports["screening compounds"].measures()[0]
print(f"{exact.value:.0%} of {exact.of} screening compounds come back exactly.")
for each in (*latent.groups["stability"], latent.groups["holes"][0]):
    print(f"{each.name}: {each.value:.0%} of {each.of}")

# %% [markdown]
# Three questions decide what a model may be used for. Reconstruction: may its vectors stand for molecules? Samples
# beside real ones: may its molecules be shown to a chemist? Smoothness: does a small step mean a small change, so
# that a search can climb? On the command line, with as many molecules as it takes:
#
# ```
# molvae evaluate reconstruction --data moses-test --n 10000
# molvae evaluate generation --reference moses --n 30000 --picture new.png
# molvae evaluate latent --data moses-test --picture map.png
# ```
