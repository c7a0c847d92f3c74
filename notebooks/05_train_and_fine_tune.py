# %% [markdown]
# # Train and fine-tune on your own molecules
#
# You have a thousand molecules of one project. Does the model that comes with molvae speak their language, and what
# do a few dozen steps of fine-tuning change? And if you train a model of your own: what does β do, and how do you see
# that a model has stopped listening to its latent space?
#
# The molecules are a series from ChEMBL that comes with RDKit. The runs here take seconds, so the models are small or
# hardly trained: what is shown is how to look, not how good a model can be.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import molvae
from molvae import TrainConfig, VAEConfig, plots
from molvae.chem import tanimoto_to

folder = TemporaryDirectory()
runs = Path(folder.name)
series = [row.smiles for row in molvae.dataset("chembl2321810").rows()]
plots.molecule_grid(series[:5]);

# %% [markdown]
# ## Prepare
#
# A shard holds the molecules as tokens, made once. What the gate refuses is counted with its reason; a tenth of the
# molecules is kept out of everything that follows.

# %%
order = np.random.default_rng(0).permutation(len(series))
held_out, own = [series[i] for i in order[:100]], [series[i] for i in order[100:]]
(runs / "own.smi").write_text("\n".join(own) + "\n")
shard = molvae.prepare(runs / "own.smi", runs / "shard", workers=1)
print(f"{len(shard)} molecules, {len(shard.vocabulary)} symbols, the longest molecule has {shard.lengths.max()}")

# %% [markdown]
# ## Fine-tune
#
# Fine-tuning starts from the shipped weights with a smaller learning rate, and adds symbols that the model has not
# seen. Compare the same held-out molecules before and after.

# %%
before = molvae.load()
config = TrainConfig(max_steps=30, batch_size=48, learning_rate=1e-3, warmup_steps=10, beta_schedule="constant",
                     null_share=0.2, validate_every=10, validation_size=50, log_every=5)  # fmt: skip
shipped = Path(molvae.__file__).parent / "pretrained"
run = molvae.fine_tune(shipped, shard, runs / "tuned", train_config=config)
after = molvae.load(runs / "tuned")
plots.training_curves(runs / "tuned");

# %%
def judged(space):
    """Return what a model does with molecules of the series that it has not seen, and what it writes by itself."""
    back, written = space.reconstruct(held_out), space.sample(60, seed=0)
    similarity = [tanimoto_to(row.smiles, [row.decoded])[0] for row in back if row.decoded]
    return {
        "held-out molecules that come back": back.rate,
        "mean Tanimoto of all to what comes back": np.mean(similarity),
        "samples: mean Tanimoto to the nearest of the series": np.mean([tanimoto_to(s, own).max() for s in written]),
    }


pd.DataFrame({"as shipped": judged(before), "fine-tuned": judged(after)}).round(3)

# %%
plots.molecule_grid(before.sample(5, seed=1) + after.sample(5, seed=1), ["as shipped"] * 5 + ["fine-tuned"] * 5);

# %% [markdown]
# The samples show it at once: the model now proposes molecules of the family. A few hundred steps more, and
# `molvae.load("runs/tuned")` is the model to search the neighbourhood of the series with. Too many, and it only
# repeats the series: watch the held-out line of the curves.
#
# ## What β does
#
# β is the price of information in z. Three small models from nothing, which differ by β alone, on small molecules of
# a screening library:

# %%
library = [row.smiles for row in molvae.dataset("wehi10k").rows()]
small = sorted({smiles for smiles in library if "." not in smiles}, key=lambda smiles: (len(smiles), smiles))[:1500]
(runs / "small.smi").write_text("\n".join(small) + "\n")
shard = molvae.prepare(runs / "small.smi", runs / "small", workers=1)
tiny = VAEConfig(embedding_dim=24, encoder_hidden_dim=48, latent_dim=24, decoder_hidden_dim=96)
trials = {}
for beta in (0.01, 0.1, 1.0):
    config = TrainConfig(max_steps=160, batch_size=64, learning_rate=8e-3, warmup_steps=20, beta=beta, null_share=0.0,
                         beta_warmup_steps=80, validate_every=40, validation_size=100, log_every=10)  # fmt: skip
    trials[beta] = molvae.train(shard, runs / f"beta-{beta}", vae_config=tiny, train_config=config).validation

axes = None
for beta in trials:
    axes = plots.training_curves(runs / f"beta-{beta}", axes=axes, label=f"β {beta:g}")

# %%
rows = [
    {"beta": beta, "kl_nats": found.kl, "reconstruction_nats": found.reconstruction} for beta, found in trials.items()
]
plots.rate_distortion(rows);

# %% [markdown]
# The sum of the two is what a model pays for a molecule; β decides which part it pays. With a high β the cheapest way
# is to ignore z: *posterior collapse*. The curve of the loss does not show it. These do:

# %%
pd.DataFrame(
    {
        f"β {beta:g}": {
            "active units (of 24)": found.active_units,
            "KL, nats per molecule": found.kl,
            "nats per token lost with another molecule's z": found.shuffle_gap,
            "tokens right, given those before": found.token_accuracy,
        }
        for beta, found in trials.items()
    }
).round(3)

# %%
from matplotlib import pyplot as plt

figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
for number, (beta, found) in enumerate(trials.items()):
    axes.plot(sorted(found.kl_per_dimension, reverse=True), marker="os^"[number], ms=4, label=f"β {beta:g}",
              color=plots.PALETTE[number])  # fmt: skip
axes.set(xlabel="latent dimension, by rank", ylabel="KL, nats per molecule", yscale="symlog")
axes.legend();

# %% [markdown]
# A dimension with no KL carries nothing. When *another* molecule's z costs the decoder nothing, it is a language
# model of molecules and its latent space is decoration, however good its samples look.
#
# ## Conclusion

# %%
collapsed = [f"{beta:g}" for beta, found in trials.items() if found.kl < 1]
print(f"Collapsed (less than one nat in z): β = {', '.join(collapsed) or 'none'}.")
print(f"β = 0.01 carries {trials[0.01].kl:.0f} nats in z, β = 1 carries {trials[1.0].kl:.1f}.")

# %% [markdown]
# For a space to search in, take the smallest β whose neighbourhoods are still smooth, and measure that: [is it any
# good?](06_is_it_any_good.ipynb) The whole way on the command line:
#
# ```
# molvae data prepare mine.smi -o runs/mine-data
# molvae train runs/mine-data -o runs/mine --minutes 30
# molvae finetune mine.smi -m runs/mine -o runs/tuned --epochs 10
# ```

# %%
folder.cleanup()
