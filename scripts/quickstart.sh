#!/usr/bin/env bash
# From nothing to a trained latent space in a few minutes, offline: installs molvae, trains a small model for two
# minutes on 10,000 drug-like molecules that come with RDKit, then encodes, decodes, samples and walks between drugs.
# Everything lands in quickstart_out/; summary.txt tells what happened and sampled.png shows sampled molecules.
# A killed run goes on where it stopped, and a finished one is quick: to start afresh, delete quickstart_out/.
#
#   bash scripts/quickstart.sh
#   QUICKSTART_MINUTES=10 bash scripts/quickstart.sh      # train longer (in a fresh folder)
#   QUICKSTART_MINIATURE=1 bash scripts/quickstart.sh     # seconds instead of minutes: what .ci/run does
set -euo pipefail
cd "$(dirname "$0")/.."

out=quickstart_out
minutes=${QUICKSTART_MINUTES:-2}
samples=1000
# wehi10k has no stereo and hardly any salts: a model of it drops the one and keeps the largest fragment of the other.
molecules=(--no-stereo --largest-fragment)
model=(--settings scripts/quickstart.toml)
if [ -n "${QUICKSTART_MINIATURE:-}" ]; then
  out=quickstart_out/miniature
  minutes=0.1
  samples=50
  # so short a training does not teach a model to end a molecule, and those of 512 symbols take RDKit long
  mkdir -p "$out"
  printf '[standardization]\nmax_symbols = 60\n' >"$out/short.toml"
  molecules+=(--settings "$out/short.toml")
  model=(--encoder-dim 32 --decoder-dim 64 --latent-dim 16)
fi

bash scripts/setup.sh
if [ -f "$out/summary.txt" ]; then
  cat "$out/summary.txt"
  printf '\nAll this was done before; to start afresh, delete %s\n' "$out" >&2
  exit
fi
molvae() { .venv/bin/molvae "$@"; }
step() { printf '\n== %s\n' "$*" >&2; }
mkdir -p "$out"

step "Molecules: the 10,000 of wehi10k as a token shard"
molvae data prepare wehi10k -o "$out/wehi10k" "${molecules[@]}"

step "Training for $minutes minutes"
# The marker says that training came to its end; without it, the run is resumed.
if [ ! -f "$out/model/finished" ]; then
  molvae train "$out/wehi10k" -o "$out/model" --minutes "$minutes" --resume "${model[@]}"
  touch "$out/model/finished"
fi
export MOLVAE_MODEL=$out/model

step "Encoding and decoding approved drugs"
molvae encode data/drugs.smi -o "$out/drugs.npz"
molvae decode "$out/drugs.npz" -o "$out/drugs_decoded.smi"

step "Sampling $samples molecules"
molvae sample -n "$samples" --seed 0 -o "$out/sampled.smi" --picture "$out/sampled.png"

step "Summary"
{
  echo "molvae quick start: $minutes minutes of training on wehi10k (two minutes make a rough model, hours a good one)"
  printf '\n-- the model (molvae info %s)\n' "$MOLVAE_MODEL"
  molvae info "$MOLVAE_MODEL"
  printf '\n-- approved drugs through the latent space and back (molvae reconstruct data/drugs.smi)\n'
  molvae reconstruct data/drugs.smi -o "$out/drugs_reconstructed.csv" 2>&1
  printf '\n-- the first of %s sampled molecules (%s/sampled.smi)\n' "$samples" "$out"
  head -n 10 "$out/sampled.smi"
  printf '\n-- neighbours of aspirin\n'
  molvae neighbors 'CC(=O)Oc1ccccc1C(=O)O' -n 8 --seed 0
  printf '\n-- from aspirin to paracetamol\n'
  molvae interpolate 'CC(=O)Oc1ccccc1C(=O)O' 'CC(=O)Nc1ccc(O)cc1' -n 8
} | tee "$out/summary.part"
mv "$out/summary.part" "$out/summary.txt"
printf '\nWritten to %s: summary.txt, sampled.png, sampled.smi, drugs.npz, model/\n' "$out" >&2
